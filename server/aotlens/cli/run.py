"""Runs the requests of one `aotlens trace`: a target, or every target of a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aotlens.explain.own_failures import nothing_to_trace, tracer_ended, unreadable, unreadable_answer
from aotlens.session.examples.built import built_by
from aotlens.session.examples.candidates import File, candidates, holders, to_build_first
from aotlens.session.examples.notebook_code import with_notebook_code
from aotlens.session.examples.pinned import definition_lines
from aotlens.session.limits import default_memory
from aotlens.session.tracer.client import TracerUnusable, UnreadableAnswer
from aotlens.session.tracer.process import TracerProcess
from aotlens.syntax.containment import outermost_first
from aotlens.syntax.source import UnreadableSource
from aotlens.text.notebooks import is_notebook
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, Target
from aotlens_tracer.wire.protocol import Root, TargetsParams, TraceParams

from .asked import NO_TEXTS, Worlds
from .options import TraceOptions
from .progress import Told

WHOLE_FILE = "*"
"""Stands for the qualified name of a target if a file fails as a whole."""


@dataclass(frozen=True)
class Traces:
    """The maps of the targets, in the order of the file, and the text that user code printed."""

    maps: list[DescriptorMap]
    output: str


class TraceRun:
    """The requests of one command."""

    def __init__(
        self,
        tracer: TracerProcess,
        file: File,
        options: TraceOptions,
        progress: Told,
        worlds: Worlds,
        texts: Mapping[str, str] = NO_TEXTS,
    ) -> None:
        """`texts` are unsaved texts, by absolute path."""
        self._tracer = tracer
        self._file = file
        self._options = options
        self._progress = progress
        self._memory = int(options.memory * (1 << 30)) if options.memory is not None else default_memory()
        self._worlds = worlds
        self._texts = texts
        self._has_ended = False

    def asked(self, qualname: str | None) -> Traces:
        """Trace a target; without a name, all targets of the file."""
        return self.all() if qualname is None else self.named(qualname)

    @property
    def has_ended(self) -> bool:
        """Whether the tracer ended in the last trace: the next one needs another."""
        return self._has_ended

    def named(self, qualname: str) -> Traces:
        """Trace a target, or the training steps of a function that has some and no example of its own."""
        steps = [place.qualname for place in self._file.places if place.function == qualname]
        if not steps or self._options.example is not None or self._file.pinned(qualname):
            return self.one(qualname)
        return self._in_order(steps)

    def one(self, qualname: str) -> Traces:
        """Trace one target. Classes that contain it are traced before if their call makes a better example."""
        if self._options.example is None:
            for name in to_build_first(self._file, qualname):
                self._trace(name)
                if holders(self._file, qualname):
                    break
        map, output = self._trace(qualname)
        return Traces([map], output)

    def all(self) -> Traces:
        """Trace every module class of the file, every function with a pinned example, and the training steps.

        The steps are those of the file, and those of other files that it calls.
        """
        file = self._file
        self._progress.about(file.path.name)
        if is_notebook(str(file.path)) or (str(file.path) in self._texts and not file.trains):
            return self._all_by_text()
        if file.trains:
            return self._in_order([*_classes_with_forward(file), *file.steps], file.called)
        params = TargetsParams(
            str(file.path), self._options.timeout, self._memory, os.getcwd(), fence=self._options.fence
        )
        try:
            answer = self._tracer.targets(params, self._progress.stage)
        except TracerUnusable as error:
            return Traces([self._failed(WHOLE_FILE, tracer_ended(str(file.path), str(error)))], "")
        except UnreadableAnswer:
            return Traces([self._failed(WHOLE_FILE, unreadable_answer(str(file.path)))], "")
        if answer.failure is not None and not file.steps:
            return Traces([self._failed(WHOLE_FILE, answer.failure)], answer.output)
        if answer.failure is not None:  # a training step is traced without an import of its file
            return self._in_order([*_classes_with_forward(file), *file.steps], file.called)
        names = [target.qualname for target in answer.targets]
        names += [d.qualname for d in file.definitions if d.kind == "function" and d.pins and not _is_local(d.qualname)]
        names += file.steps
        if not names and not file.called:
            return Traces([self._failed(WHOLE_FILE, _no_target(file))], answer.output)
        return self._in_order(names, file.called)

    def _all_by_text(self) -> Traces:
        """Trace targets by the text alone: all cells of a notebook are of no use to any, and an unsaved text is new."""
        file = self._file
        pinned = (d.qualname for d in file.definitions if d.kind == "function" and d.pins and not _is_local(d.qualname))
        names = [*_classes_with_forward(file), *pinned, *file.steps]
        if not names:
            return Traces([self._failed(WHOLE_FILE, _no_target(file))], "")
        return self._in_order(names)

    def _in_order(self, names: Sequence[str], called: Sequence[Root] = ()) -> Traces:
        """Trace classes before the classes that they contain, which are then recorded in their calls."""
        order = {name: index for index, name in enumerate(outermost_first(self._file.contained))}
        traced = [self._trace(name) for name in sorted(names, key=lambda name: order.get(name, len(order)))]
        lines = {definition.qualname: definition.line for definition in self._file.definitions}
        lines |= {place.qualname: place.line for place in self._file.places}
        maps = sorted((map for map, _ in traced), key=lambda map: lines.get(map.target.qualname, 0))
        elsewhere = [self._trace(root.qualname, root) for root in called]
        maps += [map for map, _ in elsewhere]
        return Traces(maps, "".join(output for _, output in (*traced, *elsewhere)))

    def _trace(self, name: str, called: Root | None = None) -> tuple[DescriptorMap, str]:
        """The map of a target, and the text that user code printed. `called` is a training step of another file."""
        file, options = self._file, self._options
        self._progress.about(name)
        if self._has_ended:
            self._tracer.restart()
            self._has_ended = False
        examples = candidates(file, name, options.example) if called is None else called.examples
        lines = definition_lines(name, file.definitions, file.places) if called is None else _lines_of(called)
        params = TraceParams(
            str(file.path) if called is None else called.path,
            name,
            examples,
            options.mode,
            options.convention,
            options.timeout,
            self._memory,
            os.getcwd() if not is_notebook(str(file.path)) else None,
            definition_lines=lines,
            partitioner=options.partitioner,
            memory_budget=options.memory_budget,
            compare=options.compare,
            overlay=dict(self._texts),
            eager=options.eager,
            dynamic=options.dynamic,
            world=self._worlds[0],
            project_world=self._worlds[1],
            fence=options.fence,
        )
        params = with_notebook_code(params, file.notebook)
        try:
            traced = self._tracer.trace(params, self._progress.stage)
        except TracerUnusable as error:
            self._has_ended = True
            return self._failed(name, tracer_ended(str(file.path), str(error))), ""
        except UnreadableAnswer:
            return self._failed(name, unreadable_answer(str(file.path))), ""
        made = built_by(traced.map, examples)
        if made is not None:
            self._file = replace(file, built=(*file.built, made))
        return traced.map, traced.output

    def _failed(self, qualname: str, failure: Failure) -> DescriptorMap:
        line = next(iter(definition_lines(qualname, self._file.definitions, self._file.places)[-1:]), None)
        target = Target(str(self._file.path), qualname, line)
        return DescriptorMap(target, "failed", self._options.convention, failure=failure)


def unreadable_map(error: UnreadableSource, qualname: str | None, options: TraceOptions) -> DescriptorMap:
    """The map of a target whose file cannot be read as text."""
    target = Target(error.path, qualname or WHOLE_FILE, None)
    failure = unreadable(error.path, error.line, error.reason)
    return DescriptorMap(target, "failed", options.convention, failure=failure)


def _classes_with_forward(file: File) -> list[str]:
    """The classes of a file with a `forward`, by its text."""
    names = {definition.qualname for definition in file.definitions}
    return [name for name in names if f"{name}.forward" in names and not _is_local(name)]


def _lines_of(called: Root) -> tuple[int, ...]:
    return tuple(source.line for source in called.examples if source.line is not None)


def _is_local(qualname: str) -> bool:
    return "<locals>" in qualname


def _no_target(file: File) -> Failure:
    inside = next((d for d in file.definitions if d.kind == "class" and _is_local(d.qualname)), None)
    local_class = (inside.line, inside.qualname) if inside is not None else None
    return nothing_to_trace(str(file.path), file.path.name, local_class)
