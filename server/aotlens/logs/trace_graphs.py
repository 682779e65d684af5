"""The graphs in the payload of one record of a trace, with the lines of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .graphs import CompileId, GraphKind, LoggedGraph, LoggedOperation, LoggedValue, LogPlace
from .text import parse_log
from .trace_records import TraceRecord

_TAB = 1
"""The columns by which torch indents a payload."""


def graphs_of(record: TraceRecord, kind: GraphKind, compile: CompileId) -> list[LoggedGraph]:
    """The graph in a record, and after it the bodies that its higher-order operations run; empty if there is none."""
    found = parse_log("\n".join(record.payload)).graphs
    return [
        replace(
            graph,
            kind=graph.kind if graph.kind == "body" else kind,
            compile=compile,
            convention="compile",
            first_line=graph.first_line + record.line,
            last_line=graph.last_line + record.line,
            spans=[(first + record.line, last + record.line) for first, last in graph.spans],
            inputs=_values(graph.inputs, record.line),
            outputs=_values(graph.outputs, record.line),
            operations=[_operation(operation, record.line) for operation in graph.operations],
            is_whole=graph.is_whole and record.is_whole,
        )
        for graph in found
    ]


def _values(values: Sequence[LoggedValue], lines: int) -> list[LoggedValue]:
    return [value if value.place is None else replace(value, place=_moved(value.place, lines)) for value in values]


def _operation(operation: LoggedOperation, lines: int) -> LoggedOperation:
    return operation if operation.place is None else replace(operation, place=_moved(operation.place, lines))


def _moved(place: LogPlace, lines: int) -> LogPlace:
    return LogPlace(place.line + lines, place.column + _TAB, place.end_column + _TAB)
