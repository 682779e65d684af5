"""From what was recorded to its vocabulary: expressions in the order of their places, in code points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..loading.overlay import read_bytes
from ..wire.descriptor_map import Span
from ..wire.values import (
    ContainerValue,
    FileValues,
    FunctionRun,
    Item,
    ModuleCall,
    Recorded,
    Seen,
    Skipped,
    Value,
    Values,
)
from .recorder import Recorder
from .table import Place

_MOST_VALUES = 24
"""Values of one expression that are kept."""


def values_of(recorder: Recorder, failed: Span | None, weights: str, seconds: float) -> Values:
    """Return all that was recorded."""
    seen: dict[int, list[Seen]] = {}
    for (identifier, index), events in recorder.seen.items():
        seen.setdefault(identifier, []).append(Seen(index, tuple(events.calls), events.times))
    table = recorder.table
    found: dict[str, list[tuple[Place, tuple[Seen, ...]]]] = {}
    for identifier, each in seen.items():
        place = table.places[identifier]
        found.setdefault(place.path, []).append((place, tuple(each)))
    for place, identifier in table.targets:
        if identifier in seen:
            found.setdefault(place.path, []).append((place, tuple(seen[identifier])))
    runs: dict[str, list[FunctionRun]] = {}
    for index, ran_in in recorder.runs.items():
        function = table.functions[index]
        runs.setdefault(function.path, []).append(
            FunctionRun(function.qualname, function.line, function.end_line, tuple(ran_in))
        )
    skipped: dict[str, list[Skipped]] = {}
    for path, lines in _skipped(recorder):
        skipped.setdefault(path, []).append(lines)
    files = tuple(
        FileValues(
            path,
            _recorded(path, found.get(path, [])),
            tuple(sorted(runs.get(path, []), key=lambda run: run.line)),
            tuple(sorted(skipped.get(path, []), key=lambda lines: lines.line)),
        )
        for path in sorted({*found, *runs})
    )
    calls = tuple(ModuleCall(call.module, call.number) for call in recorder.calls)
    return Values(files, tuple(recorder.descriptions.values), calls, (), failed, weights, seconds=seconds)


def _skipped(recorder: Recorder) -> Iterator[tuple[str, Skipped]]:
    """Yield the blocks that never ran, of functions that ran; without those that stand in another."""
    blocks, ran = recorder.table.blocks, recorder.ran
    for index, block in enumerate(blocks):
        if ran[index] or block.function not in recorder.runs:
            continue
        if block.parent is not None and not ran[block.parent]:
            continue
        function = recorder.table.functions[block.function]
        lines = [line for path, line in recorder.stopped_at if path == block.path]
        if any(function.line <= line <= function.end_line and block.line > line for line in lines):
            continue  # the error came before
        yield block.path, Skipped(block.line, block.end_line)


def _recorded(path: str, found: list[tuple[Place, tuple[Seen, ...]]]) -> tuple[Recorded, ...]:
    try:
        lines = read_bytes(path).decode("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    made = [
        Recorded(
            place.line,
            _column(lines, place.line, place.column),
            place.end_line,
            _column(lines, place.end_line, place.end_column),
            place.role,
            seen,
        )
        for place, seen in found
    ]
    return tuple(sorted(made, key=lambda each: (each.line, each.column, each.end_line, each.end_column, each.role)))


def _column(lines: list[str], line: int, offset: int) -> int:
    """Return the column in code points, from 1, of an offset in UTF-8 bytes."""
    text = lines[line - 1] if line <= len(lines) else ""
    return offset + 1 if text.isascii() else len(text.encode()[:offset].decode(errors="ignore")) + 1


def cut_short(values: Values) -> Values:
    """Return the values without those of an expression past a limit: a list that grows in a loop differs each time."""
    if all(len(each.seen) <= _MOST_VALUES for file in values.files for each in file.recorded):
        return values
    needed: dict[int, int] = {}
    kept: list[Value] = []

    def index_of(index: int) -> int:
        if index not in needed:
            value = values.values[index]
            if isinstance(value, ContainerValue):
                value = replace(value, items=tuple(Item(item.key, index_of(item.value)) for item in value.items))
            needed[index] = len(kept)
            kept.append(value)
        return needed[index]

    files = tuple(
        replace(
            file,
            recorded=tuple(
                replace(each, seen=tuple(replace(seen, value=index_of(seen.value)) for seen in each.seen))
                for each in map(_cut_short, file.recorded)
            ),
        )
        for file in values.files
    )
    return replace(values, files=files, values=tuple(kept))


def _cut_short(recorded: Recorded) -> Recorded:
    more = len(recorded.seen) - _MOST_VALUES
    return recorded if more <= 0 else replace(recorded, seen=recorded.seen[:_MOST_VALUES], more=more)
