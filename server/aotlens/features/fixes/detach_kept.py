"""A fix for a graph that is kept for the next call: the statement keeps the tensor without its graph."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from aotlens.explain import action_titles
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.syntax.keeping import Replacement, detached
from aotlens.syntax.source_text import nodes_around
from aotlens.text.documents import Document
from aotlens_tracer.wire.findings import Finding, GraphKept
from aotlens_tracer.wire.places import Span

from .action import CodeAction, TextEdit


def detach_kept(snapshot: Snapshot, document: Document, where: Span) -> Iterator[CodeAction]:
    """Detach what the selected lines keep with its graph."""
    last = where.end_line or where.line
    for state in snapshot.maps():
        lines: dict[Span, list[Finding]] = {}
        for finding in state.map.findings if state.map is not None else ():
            if (now := _now(snapshot, state, finding)) is not None and now.path == document.path:
                lines.setdefault(now, []).append(finding)
        for place, findings in lines.items():
            if where.line <= place.line <= last:
                yield from _detach(document, place, findings)


def _now(snapshot: Snapshot, state: TargetState, finding: Finding) -> Span | None:
    """The place of a finding about a kept graph in today's text; None for all other findings."""
    if not isinstance(finding.reason, GraphKept) or finding.path is None or finding.line is None:
        return None
    return snapshot.now(state, Span(finding.path, finding.line, finding.column))


def _detach(document: Document, place: Span, findings: list[Finding]) -> Iterator[CodeAction]:
    names = list(dict.fromkeys(finding.subjects[0].name for finding in findings))
    statement = _statement(document, place)
    changes = detached(statement, names) if statement is not None else []
    if changes:
        edits = tuple(_edit(document, change) for change in changes)
        # A list of losses may be there for the training loop, which then needs their graphs.
        is_sure = all(finding.reason == GraphKept("fails") for finding in findings)
        title = action_titles.detach_kept(names)
        yield CodeAction(title, "quickfix", edits, fixes=findings[0].code, line=place.line, preferred=is_sure)


def _statement(document: Document, place: Span) -> Node | None:
    text = document.line(place.line)
    column = place.column or len(text) - len(text.lstrip()) + 1
    chain = nodes_around(document, place.line, column)
    return next((node for node in chain if node.parent is not None and node.parent.type in ("block", "module")), None)


def _edit(document: Document, change: Replacement) -> TextEdit:
    span = document.span_of(change.node)
    indent = document.line(span.line)[: (span.column or 1) - 1]
    match change.beside:
        case "before":
            start = Span(span.path, span.line, span.column, span.line, span.column)
            return TextEdit(start, f"{change.text}\n{indent}")
        case "after":
            end = Span(span.path, span.end_line or span.line, span.end_column, span.end_line, span.end_column)
            return TextEdit(end, f"\n{indent}{change.text}")
    return TextEdit(span, change.text)
