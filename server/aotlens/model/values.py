"""The values that expressions had in the recorded call, by place in today's text.

The model that answers is the one that answers for the class around (`contexts.by_preference`). If its call did not get
there, because it failed before or never calls the function, the next model that did answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aotlens.syntax.subjects import ClassRef
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.values import ExpressionRole, FunctionRun, Recorded

from .contexts import by_preference, class_at
from .recorded import Known, Places, ValuesIndex, recorded_in
from .snapshot import Snapshot, TargetState


@dataclass(frozen=True)
class Recording:
    """The recorded call of a target: its map, and the versions of the documents that it ran.

    `is_stale` says that something has changed since.
    """

    state: TargetState
    map: DescriptorMap
    versions: Mapping[str, int]
    index: ValuesIndex
    is_stale: bool = False

    @property
    def shown(self) -> TargetState:
        """The target with this call's map as the one that is shown."""
        return self.state.of_attempt if self.map is self.state.attempt else self.state


@dataclass(frozen=True)
class Case:
    """One value that an expression had, and the instances of the module around in which it had it.

    `modules` are their FQNs, empty for the root. They are no names if the function ran outside of all modules. `calls`
    are the indices of the module calls, and `times` counts how often it had the value in all of them.
    """

    value: Known
    modules: tuple[str, ...]
    calls: tuple[int, ...]
    times: int


@dataclass(frozen=True)
class Had:
    """The values that an expression had in the recorded call.

    `span` is its place in today's text. `cases` are its different values, in the order in which they were first seen.
    `more` counts the values after these, which were not recorded. `absent` are the instances in which its function ran
    and it did not.
    """

    recording: Recording
    span: Span
    role: ExpressionRole
    cases: tuple[Case, ...]
    absent: tuple[str, ...] = ()
    more: int = 0

    @property
    def value(self) -> Known | None:
        """The value, if it was always the same; else None."""
        return self.cases[0].value if len(self.cases) == 1 and not self.more else None

    @property
    def differs_within_call(self) -> bool:
        """Whether it had several values in one call of a module, as in a loop."""
        calls = [call for case in self.cases for call in case.calls]
        return len(calls) > len(set(calls))

    @property
    def differs_by_instance(self) -> bool:
        """Whether it had several values, and each instance of the module around had one of them alone."""
        modules = [module for case in self.cases for module in case.modules]
        return len(self.cases) > 1 and all(case.modules for case in self.cases) and len(modules) == len(set(modules))


def recording_of(state: TargetState) -> Recording | None:
    """The recorded call of a target: of its latest trace, or of its map; None if neither has recorded values."""
    latest = (state.attempt, state.attempt_versions, state.attempt_stale)
    for map, versions, is_stale in (latest, (state.map, state.versions, state.stale)):
        if map is not None and map.values is not None:
            return Recording(state, map, versions, recorded_in(map.values), is_stale)
    return None


def recordings_at(snapshot: Snapshot, document: Document, line: int) -> Iterator[Recording]:
    """The recorded calls in which the function around a line ran, best first."""
    yield from _ran_at(snapshot, document, line, by_preference(snapshot, document, line))


def _ran_at(snapshot: Snapshot, document: Document, line: int, states: Sequence[TargetState]) -> Iterator[Recording]:
    for state in states:
        recording = recording_of(state)
        places = recording.index.places(document.path) if recording is not None else None
        if recording is None or places is None:
            continue
        then = _line_then(snapshot, document, recording, line)
        if then is not None and places.function(then) is not None:
            yield recording


def value_of(snapshot: Snapshot, document: Document, span: Span) -> Had | None:
    """The values of the expression in a span of today's text; None if none was recorded, or an edit changed it."""
    for recording in recordings_at(snapshot, document, span.line):
        places = recording.index.places(document.path)
        assert places is not None and span.column is not None
        then = snapshot.carried_back(recording.versions, document.path, span.line, span.column)
        for each in places.starting(*then) if then is not None else ():
            if _now(snapshot, recording, document.path, each) == span:
                return _had(recording, places, each, span)
        # The call ran to its end, and this did not run or is no tensor. Of the steps of a script, another may have it.
        if recording.index.failed is None and recording.map.step is None:
            return None
    return None


def values_on_lines(snapshot: Snapshot, document: Document, first: int, last: int) -> list[Had]:
    """The values of all expressions that begin on the lines `first` to `last` of today's text, in their order.

    Each is from the model that answers `value_of`; what an edit has changed is left out.
    """
    found: dict[tuple[int, int, int, int], Had] = {}
    for line, recordings in _by_line(snapshot, document, first, last):
        for recording in recordings:
            places = recording.index.places(document.path)
            assert places is not None
            then = _line_then(snapshot, document, recording, line)
            for each in places.on_lines(then, then) if then is not None else ():
                span = _now(snapshot, recording, document.path, each)
                if span is not None and span.line == line:
                    key = (span.line, span.column or 1, span.end_line or span.line, span.end_column or 1)
                    found.setdefault(key, _had(recording, places, each, span))
            if recording.index.failed is None and recording.map.step is None:
                break
    return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1], -key[2], -key[3]))]


def skipped_on_lines(snapshot: Snapshot, document: Document, first: int, last: int) -> list[Span]:
    """The parts of today's lines `first` to `last` that ran in no call although their function ran.

    Each span is whole lines (its columns are None). Lines that did not run because the call failed before are none.
    """
    lines = []
    for line, recordings in _by_line(snapshot, document, first, last):
        if recordings and is_skipped(snapshot, document, recordings[0], line):
            lines.append(line)
    spans: list[Span] = []
    for line in lines:
        if spans and spans[-1].end_line == line - 1:
            spans[-1] = Span(document.path, spans[-1].line, None, line, None)
        else:
            spans.append(Span(document.path, line, None, line, None))
    return spans


def is_skipped(snapshot: Snapshot, document: Document, recording: Recording, line: int) -> bool:
    """Whether a line of today's text ran in no call of a recording, although its function ran."""
    places = recording.index.places(document.path)
    then = _line_then(snapshot, document, recording, line)
    return (
        places is not None and then is not None and any(each.line <= then <= each.end_line for each in places.skipped)
    )


def _by_line(
    snapshot: Snapshot, document: Document, first: int, last: int
) -> Iterator[tuple[int, Sequence[Recording]]]:
    """Each line with text, and the recorded calls in which the function around it ran."""
    states: dict[ClassRef | None, list[TargetState]] = {}
    for line in range(max(first, 1), min(last, document.line_count) + 1):
        if document.line(line).strip():
            owner = class_at(document, line)
            if owner not in states:
                states[owner] = by_preference(snapshot, document, line)
            yield line, list(_ran_at(snapshot, document, line, states[owner]))


def _line_then(snapshot: Snapshot, document: Document, recording: Recording, line: int) -> int | None:
    text = document.line(line)
    column = len(text) - len(text.lstrip()) + 1
    then = snapshot.carried_back(recording.versions, document.path, line, column)
    return then[0] if then is not None else None


def _had(recording: Recording, places: Places, each: Recorded, span: Span) -> Had:
    index = recording.index
    # The expressions live as long as the index, so that their identity is a key.
    cases, absent = index.once(id(each), lambda: _cases(index, places, each))
    return Had(recording, span, each.role, cases, absent, each.more)


def _cases(index: ValuesIndex, places: Places, each: Recorded) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """The different values of an expression, and the instances in which it did not run."""
    cases: dict[Known, Case] = {}
    for seen in each.seen:
        value = index.value(seen.value)
        before = cases.get(value)
        calls = dict.fromkeys((*(before.calls if before is not None else ()), *seen.calls))
        times = (before.times if before is not None else 0) + seen.times
        cases[value] = Case(value, _modules(index, calls), tuple(calls), times)
    ran = {call for case in cases.values() for call in case.calls}
    function = places.function(each.line)
    return tuple(cases.values()), _absent(index, function, ran) if function is not None else ()


def _absent(index: ValuesIndex, function: FunctionRun, ran: set[int]) -> tuple[str, ...]:
    """The modules in none of whose calls an expression ran, although its function did."""
    modules = set(_modules(index, ran))
    return tuple(name for name in _modules(index, function.calls) if name not in modules)


def _modules(index: ValuesIndex, calls: Sequence[int] | set[int] | dict[int, None]) -> tuple[str, ...]:
    names = (index.calls[call].module for call in calls)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _now(snapshot: Snapshot, recording: Recording, path: str, each: Recorded) -> Span | None:
    """The place of an expression in today's text; None if an edit has changed it, or the line that assigns a target."""
    span = Span(path, each.line, each.column, each.end_line, each.end_column)
    if each.role == "target" and snapshot.carried(recording.versions, Span(path, each.line)) is None:
        return None
    return snapshot.carried(recording.versions, span)
