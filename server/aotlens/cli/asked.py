"""The question of a command: a target, its file with the examples that are known, and the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from aotlens.explain.option_faults import wrong_option
from aotlens.explain.unread_files import why_unread
from aotlens.session.examples.call_sites import CallSites
from aotlens.session.examples.candidates import File
from aotlens.session.examples.project import pinned_in_project
from aotlens.session.examples.project_world import words_in_project, world_in_project
from aotlens.session.examples.searched_files import search_folder
from aotlens.session.files import read_python
from aotlens.session.project_file import BadProjectFile
from aotlens.session.tracer.environments import interpreter_of_command
from aotlens.session.tracer.interpreter import Interpreter, NoSuchInterpreter
from aotlens.syntax.containment import containment
from aotlens.syntax.definitions import definitions
from aotlens.syntax.parsing import parse
from aotlens.syntax.source import UnreadableSource
from aotlens.syntax.step_places import step_places
from aotlens.syntax.training_steps import step_examples
from aotlens.text.notebooks import is_notebook
from aotlens_tracer.wire.example_options import World
from aotlens_tracer.wire.world_options import OptionError

from .options import TraceOptions, UsageError, check
from .target import parse_target

NO_TEXTS: Mapping[str, str] = MappingProxyType({})
Worlds = tuple[World | None, World | None]
"""The cluster of the command line, and that of the project."""


@dataclass(frozen=True)
class Asked:
    """A target in a file, or with `qualname` None all targets of the file, and the interpreter to trace it in.

    `file` is the exception if the file cannot be read as text.
    """

    interpreter: Interpreter
    file: File | UnreadableSource
    qualname: str | None
    worlds: Worlds


def asked_for(target: str, options: TraceOptions, texts: Mapping[str, str] = NO_TEXTS) -> Asked:
    """Read what `PATH[::Qualname]` stands for. `texts` are unsaved texts by absolute path. Raises UsageError."""
    path, qualname = parse_target(target)
    check(options, qualname)
    try:
        interpreter = interpreter_of_command(path.parent, options.python)
        worlds = _worlds(path, options)
        try:
            return Asked(interpreter, _read(path, options, texts), qualname, worlds)
        except UnreadableSource as error:
            return Asked(interpreter, error, qualname, worlds)
    except (NoSuchInterpreter, BadProjectFile) as error:
        raise UsageError(str(error)) from None


def _worlds(path: Path, options: TraceOptions) -> Worlds:
    """The cluster of the options, and that of the project. Raises UsageError and BadProjectFile."""
    words, in_project = options.cluster, words_in_project(path)
    try:
        chosen = words.over(in_project).world() if words else None
    except OptionError as error:
        raise UsageError(f"--mesh, --world-size, --rank: {wrong_option(error.problem)}") from None
    if words and chosen is None:
        raise UsageError("--rank is one of the ranks of a cluster: give it with --mesh or --world-size")
    return chosen, world_in_project(path)


def _read(path: Path, options: TraceOptions, texts: Mapping[str, str]) -> File:
    """The file of the target: its definitions, and the examples that are known if none is given as an option.

    Raises UsageError, BadProjectFile, UnreadableSource.
    """
    in_project = pinned_in_project(path) if options.example is None else {}
    try:
        text = texts[str(path)] if str(path) in texts else read_python(str(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {why_unread(error)}") from None
    known, places = definitions(text), step_places(parse(text))
    notebook = text if is_notebook(str(path)) else ""
    if options.example is not None:
        return File(path, known, in_project, containment(text), places=places, notebook=notebook)
    classes = [item.qualname for item in known if item.kind == "class"]
    calls = CallSites(search_folder(path))
    names = [place.qualname for place in places]
    steps = step_examples(str(path), text, names, lambda name: calls.calling(path, name, texts))
    called = calls.steps_from(path, texts)
    trains = any(source.step is not None and source.step.module is not None for source in steps.values())
    return File(
        path,
        known,
        in_project,
        containment(text),
        calls.of(path, classes, texts),
        places,
        steps,
        calls.steps_with(path, classes, texts),
        called,
        trains or (bool(called) and "__name__" not in text),
        notebook=notebook,
    )
