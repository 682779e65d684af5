"""`aotlens trace`: from a path to printed maps."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from aotlens.explain.failures import message
from aotlens.explain.graph_text import Kind, NoSuchGraph, graph_text
from aotlens.explain.overview import render_overview
from aotlens.explain.render.markdown_report import render_markdown
from aotlens.explain.render.public_json import public_json
from aotlens.explain.render.terminal import render_tables, render_text
from aotlens.explain.saved_ranking import saved_tables
from aotlens.session.examples.built import built_by
from aotlens.session.examples.call_sites import CallSites
from aotlens.session.examples.candidates import File, candidates, holders, to_build_first
from aotlens.session.examples.pinned import definition_lines
from aotlens.session.examples.project import pinned_in_project
from aotlens.session.examples.searched_files import search_folder
from aotlens.session.limits import default_memory
from aotlens.session.project_file import BadProjectFile
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.interpreter import NoSuchInterpreter, choose_interpreter
from aotlens.session.tracer.process import TracerProcess
from aotlens.syntax.containment import containment, outermost_first
from aotlens.syntax.definitions import definitions
from aotlens.syntax.source import SourceTexts, UnreadableSource, read_source
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, Finding, Target
from aotlens_tracer.wire.failures import stated
from aotlens_tracer.wire.protocol import ExampleSource, TargetsParams, TraceParams

from .problems import advice

_STAGES = {
    "import": "importing the file",
    "example": "building the example",
    "capture": "capturing the joint graph",
    "describe": "describing the graph",
    "partition": "partitioning into forward and backward",
}


_PIPED_WIDTH = 140
"""Columns where stdout is no terminal: most rows then are one line, as `grep` likes them."""


class UsageError(Exception):
    """Wrong usage, no such file, no such interpreter: exit status 2."""


@dataclass(frozen=True)
class TraceOptions:
    """The options of `aotlens trace` that shape the answer. `memory` in GiB; None for the default."""

    example: str | None = None
    convention: str = "export"
    mode: str | None = None
    format: str = "text"
    full: bool = False
    explain: bool = False
    python: str | None = None
    timeout: float = 120.0
    memory: float | None = None
    graph: Kind | None = None
    saved: bool = False
    partitioner: str = "min-cut"
    memory_budget: float | None = None
    compare: bool = False


def run_trace(target: str, options: TraceOptions, *, show_output: bool, verbose: bool, spawn: bool) -> int:
    """Trace what `target` names and print it; the exit status. Raises UsageError."""
    path, qualname = _parse_target(target)
    if options.format != "text" and (options.graph is not None or options.saved):
        raise UsageError(f"--format {options.format} has all of it: --graph and --saved choose what is printed as text")
    if options.graph is not None and options.saved:
        raise UsageError("--graph prints a graph, --saved a ranking: choose one")
    if options.memory_budget is not None and options.partitioner != "min-cut":
        what = "autograd saves" if options.partitioner == "eager" else "the default partitioner saves"
        raise UsageError(f"--memory-budget is for the min-cut partitioner: what {what} has no budget")
    if options.partitioner == "eager" and options.graph in ("forward", "backward"):
        raise UsageError(f"in eager there is no {options.graph} graph: --partitioner default or min-cut makes one")
    if options.compare and not (options.saved or options.format == "json"):
        raise UsageError("--compare compares what is saved for backward: give it with --saved or --format json")
    try:
        interpreter = choose_interpreter(options.python, os.environ)
        in_project = pinned_in_project(path) if options.example is None else {}
    except (NoSuchInterpreter, BadProjectFile) as error:
        raise UsageError(str(error)) from None
    if options.example is not None and qualname is None:
        raise UsageError("--example says how to call one target: name it, as in model.py::Block")
    try:
        text = read_source(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnreadableSource as error:
        maps = [_unreadable(error, path, qualname, options)]
        _print(maps, None, options, verbose)
        return 1
    known = definitions(text)
    sites: dict[str, tuple[ExampleSource, ...]] = {}
    if options.example is None:
        classes = [item.qualname for item in known if item.kind == "class"]
        sites = CallSites(search_folder(path)).of(path, classes, {})
    file = File(path, known, in_project, containment(text), sites)
    progress = _Progress()
    try:
        with progress, TracerProcess(interpreter.path, os.getcwd(), spawn) as tracer:
            session = _Session(tracer, file, options, progress)
            maps, output = session.run(qualname)
            version = tracer.ready.torch
    except TracerUnusable as error:
        raise UsageError(f"{error}\n{advice(error, interpreter)}") from None
    if verbose and (log := tracer.log().strip()):
        print(log, file=sys.stderr)
    _print(maps, version, options, verbose)
    _print_output(output, show_output)
    return 0 if maps and all(map.status == "traced" for map in maps) else 1


def _parse_target(target: str) -> tuple[Path, str | None]:
    name, separator, qualname = target.rpartition("::")
    if not separator:
        name, qualname = target, ""
    if separator and not qualname:
        raise UsageError(f"there is no name behind :: in {target}")
    path = Path(name)
    if path.is_dir():
        raise UsageError(f"{name} is a folder: name a Python file in it")
    if not path.is_file():
        raise UsageError(f"there is no file {name}{_meant(name)}")
    return path.absolute(), qualname or None


def _meant(name: str) -> str:
    """What was probably meant by the name of a file that is not there."""
    file, colon, qualname = name.rpartition(":")
    if colon and Path(file).is_file():
        return f": did you mean {file}::{qualname}?"
    with contextlib.suppress(OSError):
        there = [entry.name for entry in Path(name).parent.iterdir() if entry.suffix == ".py"]
        if near := difflib.get_close_matches(Path(name).name, there, n=2):
            return ": did you mean " + " or ".join(str(Path(name).parent / other) for other in near) + "?"
    return ""


class _Session:
    """The requests of one run."""

    def __init__(
        self,
        tracer: TracerProcess,
        file: File,
        options: TraceOptions,
        progress: _Progress,
    ) -> None:
        self._tracer = tracer
        self._file = file
        self._path = file.path
        self._known = file.definitions
        self._options = options
        self._progress = progress
        gib = options.memory
        self._memory = int(gib * (1 << 30)) if gib is not None else default_memory()
        self._is_lost = False

    def run(self, qualname: str | None) -> tuple[list[DescriptorMap], str]:
        """The maps of the target, or of every target of the file, and what user code printed."""
        if qualname is not None:
            return self._trace_one(qualname)
        self._progress.about(self._path.name)
        params = TargetsParams(str(self._path), self._options.timeout, self._memory, os.getcwd())
        try:
            answer = self._tracer.targets(params, self._progress.stage)
        except TracerUnusable as error:
            return [self._failed("*", self._lost(error))], ""
        if answer.failure is not None:
            return [self._failed("*", answer.failure)], answer.output
        names = [target.qualname for target in answer.targets]
        names += [d.qualname for d in self._known if d.kind == "function" and d.pins and "<locals>" not in d.qualname]
        if not names:
            hint = "name a function as in model.py::function, with --example or a pinned example"
            inside = [d for d in self._known if d.kind == "class" and "<locals>" in d.qualname]
            if inside:
                line, name = inside[0].line, inside[0].qualname
                hint = f"the class in line {line} is made inside a function: name it, as in {self._path.name}::{name}"
            failure = stated("target", "error", "the file defines no nn.Module class", str(self._path), hint=hint)
            return [self._failed("*", failure)], answer.output
        order = {name: index for index, name in enumerate(outermost_first(self._file.contained))}
        maps, output = self._trace_all(sorted(names, key=lambda name: order.get(name, len(order))))
        lines = {d.qualname: d.line for d in self._known}
        return sorted(maps, key=lambda map: lines.get(map.target.qualname, 0)), output

    def _trace_one(self, qualname: str) -> tuple[list[DescriptorMap], str]:
        """The map of one target. What contains it comes first where a guess of that says more, as in a whole file."""
        file = self._file
        for name in to_build_first(file, qualname) if self._options.example is None else ():
            *_, file = self._traced(name, file)
            if holders(file, qualname):
                break
        map, output, _ = self._traced(qualname, file)
        return [map], output

    def _trace_all(self, names: Sequence[str]) -> tuple[list[DescriptorMap], str]:
        """The maps of these targets, in this order: what one is found to contain is recorded in its call later."""
        maps, outputs = [], []
        file = self._file
        for name in names:
            map, output, file = self._traced(name, file)
            maps.append(map)
            outputs.append(output)
        return maps, "".join(outputs)

    def _traced(self, name: str, file: File) -> tuple[DescriptorMap, str, File]:
        """The map of a target, what user code printed, and what is known of the file then."""
        self._progress.about(name)
        if self._is_lost:
            self._tracer.restart()
            self._is_lost = False
        examples = candidates(file, name, self._options.example)
        params = TraceParams(
            str(self._path),
            name,
            examples,
            self._options.mode,
            self._options.convention,
            self._options.timeout,
            self._memory,
            os.getcwd(),
            definition_lines=definition_lines(name, self._known),
            partitioner=self._options.partitioner,
            memory_budget=self._options.memory_budget,
            compare=self._options.compare,
        )
        try:
            traced = self._tracer.trace(params, self._progress.stage)
        except TracerUnusable as error:
            self._is_lost = True
            return self._failed(name, self._lost(error)), "", file
        made = built_by(traced.map, examples)
        return traced.map, traced.output, file if made is None else replace(file, built=(*file.built, made))

    def _failed(self, qualname: str, failure: Failure) -> DescriptorMap:
        line = next(iter(definition_lines(qualname, self._known)[-1:]), None)
        target = Target(str(self._path), qualname, line)
        return DescriptorMap(target, "failed", self._options.convention, failure=failure)

    def _lost(self, error: TracerUnusable) -> Failure:
        """The failure where the tracer itself ended, which costs this target alone."""
        hint = "does the code end processes other than its own, or did memory run out? --verbose shows the tracer's log"
        return stated("capture", "crash", str(error), str(self._path), hint=hint)


def _with_failure_finding(map: DescriptorMap) -> DescriptorMap:
    """A failure is a finding too, so that whoever reads findings alone sees it."""
    failure = map.failure
    if failure is None:
        return map
    code = "example-failed" if failure.stage == "example" else "trace-failed"
    finding = Finding(
        code,
        "error",
        message(failure),
        failure.path or map.target.path,
        failure.line or map.target.line,
        failure.column,
    )
    return replace(map, findings=(*map.findings, finding))


def _unreadable(error: UnreadableSource, path: Path, qualname: str | None, options: TraceOptions) -> DescriptorMap:
    hint = "save the file as UTF-8, or declare its encoding in the first line: # -*- coding: latin-1 -*-"
    failure = stated("syntax", "error", error.reason, str(path), error.line, hint)
    return DescriptorMap(Target(str(path), qualname or "*", None), "failed", options.convention, failure=failure)


def _print(maps: Sequence[DescriptorMap], torch: str | None, options: TraceOptions, verbose: bool) -> None:
    """Print the maps on stdout in the format asked for."""
    here = os.getcwd()

    def path_label(path: str) -> str:
        relative = os.path.relpath(path, here)
        return path if relative.startswith("..") else relative

    if options.graph is not None:
        _print_graphs(maps, options.graph)
    elif options.format == "json":
        print(_json_text(public_json([_with_failure_finding(map) for map in maps], torch, here)))
    elif options.format == "markdown":
        print(
            "\n".join(
                render_markdown(map, path_label=path_label, full=options.full, explain=options.explain) for map in maps
            )
        )
    else:
        console = _Console(highlight=False)
        if not console.is_terminal and "COLUMNS" not in os.environ:
            console = _Console(highlight=False, width=_PIPED_WIDTH)
        if len(maps) > 1 and not (options.full or options.saved):
            render_overview(maps, console, explain=options.explain, path_label=path_label)
        else:
            _print_each(maps, console, options, path_label)
    if verbose:
        for map in maps:
            if map.failure is not None and map.failure.traceback:
                print(map.failure.traceback.rstrip(), file=sys.stderr)


def _print_graphs(maps: Sequence[DescriptorMap], kind: Kind) -> None:
    """Print one graph of each map; why there is none goes to stderr."""
    texts = SourceTexts()
    for number, map in enumerate(maps):
        try:
            text = graph_text(map, kind, texts.code).text
        except NoSuchGraph as error:
            reason = f": {message(map.failure)}" if map.failure is not None else ""
            print(f"{error}{reason}", file=sys.stderr)
            continue
        print(("\n" if number else "") + text, end="")


def _print_each(
    maps: Sequence[DescriptorMap], console: Console, options: TraceOptions, path_label: Callable[[str], str]
) -> None:
    """Print one map below the other, or what each keeps for backward."""
    for index, map in enumerate(maps):
        if index:
            console.print()
        if options.saved:
            render_tables(map, saved_tables(map, path_label, options.full), console, path_label)
        else:
            render_text(map, console, full=options.full, explain=options.explain, path_label=path_label)


class _Console(Console):
    """A console that leaves it to the command what to do when the reader has gone."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _json_text(value: Any) -> str:
    """JSON that stdout can encode; names are readable where that is possible."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeError:
        return json.dumps(value, indent=2)
    return text


def _print_output(output: str, show: bool) -> None:
    if not output:
        return
    if show:
        sys.stderr.write(output if output.endswith("\n") else output + "\n")
    else:
        lines = output.count("\n") + (not output.endswith("\n"))
        more = "more than " if " bytes left out ...]" in output else ""
        print(f"(the code printed {more}{lines} line{'s' * (lines != 1)}: --show-output shows them)", file=sys.stderr)


class _Progress(contextlib.AbstractContextManager["_Progress"]):
    """What is being done, on stderr, where that is a terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._what = ""
        self._status = self._console.status("starting the tracer (importing torch)")

    def about(self, name: str) -> None:
        """What the next stages are about."""
        self._what = name

    def stage(self, stage: str) -> None:
        """Show the stage that began."""
        self._status.update(f"{self._what}: {_STAGES.get(stage, stage)}")

    def __enter__(self) -> _Progress:
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()
