"""Go to definition in a log: to the line of source, the birthplace of a parameter, or the input of the Dynamo graph."""

from __future__ import annotations

from aotlens.features.definition import Link, places_of
from aotlens.logs.graphs import LoggedGraph, LogPlace, SourceLine
from aotlens.logs.named import GraphNames, ValueName
from aotlens.model.log_matching import NoMatch
from aotlens.model.snapshot import Snapshot
from aotlens_tracer.wire.places import Span

from .matched import born_in, matched
from .view import LogView


def definition(snapshot: Snapshot, view: LogView, line: int, column: int) -> tuple[Link, ...]:
    """The places that a position of a log leads to; empty if none is known."""
    named = view.source_at(line, column)
    if named is not None:
        origin = view.span_of(line, named.column, named.end_column)
        return tuple(Link(origin, span) for span in source_spans(view, named.source))
    here = view.named_at(line, column)
    if here is None:
        return ()
    spans = dict.fromkeys(span for graph, value in here.found for span in _made(snapshot, view, graph, value))
    here_now = here.span.line, here.span.column
    return tuple(Link(here.span, span) for span in spans if (span.line, span.column) != here_now)


def source_spans(view: LogView, source: SourceLine) -> list[Span]:
    """The line of source in each file here that it may be in."""
    return [Span(path, source.line) for path in view.files.get(source.path, ())]


def _made(snapshot: Snapshot, view: LogView, graph: GraphNames, value: ValueName) -> list[Span]:
    """The place of the traced model's slot; else the line of source in the log; else the input in the Dynamo graph."""
    models = matched(snapshot, graph.graph)
    for model in models if not isinstance(models, NoMatch) else ():
        found = model.slot(graph, value)
        if found is not None and (spans := places_of(snapshot, found)):
            return spans
    if (born := born_in(snapshot, view.files, value)) is not None:
        return [born[1]]
    if value.made is not None and (spans := source_spans(view, value.made)):
        return spans
    in_dynamo = _place(graph.dynamo, value.dynamo) if graph.dynamo is not None else None
    if in_dynamo is None and (used := [span for line in value.used[:1] for span in source_spans(view, line)]):
        return used
    at = in_dynamo or value.value.place
    return [view.span_of(at.line, at.column, at.end_column)] if at is not None else []


def _place(graph: LoggedGraph, node: str | None) -> LogPlace | None:
    """The place of an input of a graph."""
    return next((one.place for one in graph.inputs if node is not None and one.node == node), None)
