"""`aotlens trace`: from a target on the command line to printed maps."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aotlens.explain.fence import gaps_in_words
from aotlens.explain.option_faults import wrong_option
from aotlens.explain.unread_files import why_unread
from aotlens.explain.visible import visible_output
from aotlens.session.examples.call_sites import CallSites
from aotlens.session.examples.candidates import File
from aotlens.session.examples.project import pinned_in_project
from aotlens.session.examples.project_world import words_in_project, world_in_project
from aotlens.session.examples.searched_files import search_folder
from aotlens.session.files import read_python
from aotlens.session.project_file import BadProjectFile
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.interpreter import NoSuchInterpreter, choose_interpreter
from aotlens.session.tracer.process import TracerProcess
from aotlens.syntax.containment import containment
from aotlens.syntax.definitions import definitions
from aotlens.syntax.parsing import parse
from aotlens.syntax.source import UnreadableSource
from aotlens.syntax.step_places import step_places
from aotlens.syntax.training_steps import step_examples
from aotlens.text.notebooks import is_notebook
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.world_options import OptionError

from .options import TraceOptions, UsageError, check
from .output import print_maps, print_tracebacks, print_user_output
from .problems import advice
from .progress import Progress
from .run import TraceRun, Worlds, unreadable_map
from .target import parse_target


def run_trace(target: str, options: TraceOptions, *, show_output: bool, verbose: bool, spawn: bool) -> int:
    """Trace a target, `PATH` or `PATH::Qualname`, and print its maps. Return the exit status. Raises UsageError."""
    try:
        here = os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory no longer exists") from None
    path, qualname = parse_target(target)
    check(options, qualname)
    try:
        interpreter = choose_interpreter(options.python, os.environ)
        file, worlds = _read(path, options), _worlds(path, options)
    except (NoSuchInterpreter, BadProjectFile) as error:
        raise UsageError(str(error)) from None
    except UnreadableSource as error:
        print_maps([unreadable_map(error, qualname, options)], None, options)
        return 1
    progress = Progress()
    try:
        with progress, TracerProcess(interpreter.path, here, spawn) as tracer:
            run = TraceRun(tracer, file, options, progress, worlds)
            traces = run.all() if qualname is None else run.named(qualname)
            torch, missing = tracer.ready.torch, gaps_in_words(tracer.ready.gaps)
            if verbose and (log := tracer.log().strip()):
                print(visible_output(log), file=sys.stderr)
    except TracerUnusable as error:
        raise UsageError(f"{error}\n{advice(error, interpreter)}") from None
    print_maps(traces.maps, torch, options)
    if options.explain and missing is not None:
        print(f"fence around traces: {missing}", file=sys.stderr)
    if verbose:
        print_tracebacks(traces.maps)
    print_user_output(traces.output, show_output)
    return 0 if traces.maps and all(map.status == "traced" for map in traces.maps) else 1


def trace_conventions(target: str, choices: Sequence[TraceOptions]) -> list[DescriptorMap]:
    """The maps of a target `PATH::Qualname`, one for each of several options that differ in what is captured.

    Raises UsageError.
    """
    path, qualname = parse_target(target)
    if qualname is None:
        raise UsageError(f"--model names a class or function in a file: {target}::Name")
    check(choices[0], qualname)
    try:
        interpreter = choose_interpreter(choices[0].python, os.environ)
        file, worlds = _read(path, choices[0]), _worlds(path, choices[0])
    except (NoSuchInterpreter, BadProjectFile, UnreadableSource) as error:
        raise UsageError(str(error)) from None
    progress = Progress()
    maps: list[DescriptorMap] = []
    try:
        with progress, TracerProcess(interpreter.path, os.getcwd(), False) as tracer:
            for options in choices:
                maps += TraceRun(tracer, file, options, progress, worlds).one(qualname).maps
    except TracerUnusable as error:
        raise UsageError(f"{error}\n{advice(error, interpreter)}") from None
    return maps


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


def _read(path: Path, options: TraceOptions) -> File:
    """The file of the target: its definitions, and the examples that are known if none is given as an option.

    Raises UsageError, BadProjectFile, UnreadableSource.
    """
    in_project = pinned_in_project(path) if options.example is None else {}
    try:
        text = read_python(str(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {why_unread(error)}") from None
    known, places = definitions(text), step_places(parse(text))
    notebook = text if is_notebook(str(path)) else ""
    if options.example is not None:
        return File(path, known, in_project, containment(text), places=places, notebook=notebook)
    classes = [item.qualname for item in known if item.kind == "class"]
    calls = CallSites(search_folder(path))
    names = [place.qualname for place in places]
    steps = step_examples(str(path), text, names, lambda name: calls.calling(path, name, {}))
    called = calls.steps_from(path, {})
    trains = any(source.step is not None and source.step.module is not None for source in steps.values())
    return File(
        path,
        known,
        in_project,
        containment(text),
        calls.of(path, classes, {}),
        places,
        steps,
        calls.steps_with(path, classes, {}),
        called,
        trains or (bool(called) and "__name__" not in text),
        notebook=notebook,
    )
