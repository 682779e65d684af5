"""A fix for parameters in no module: the attribute that holds them becomes a container that registers them."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.syntax.imports import name_of_module
from aotlens.syntax.nodes import text_of
from aotlens.syntax.source_text import nodes_around
from aotlens.text.documents import Document
from aotlens_tracer.wire.findings import Finding
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.unregistered import Unregistered

from .action import CodeAction, TextEdit


def register(snapshot: Snapshot, document: Document, where: Span) -> Iterator[CodeAction]:
    """Register what the selected lines make or hold."""
    last = where.end_line or where.line
    for state in snapshot.maps():
        for finding in state.map.findings if state.map is not None else ():
            reason = finding.reason
            if not isinstance(reason, Unregistered) or reason.container is None or reason.holder is None:
                continue
            places = [_now(snapshot, state, finding), _assigned(snapshot, state, reason)]
            lines = [place.line for place in places if place is not None and place.path == document.path]
            if len(lines) == len(places) and any(where.line <= line <= last for line in lines):
                yield from _register(document, lines[0], lines[1], reason.holder, reason.container)


def _now(snapshot: Snapshot, state: TargetState, finding: Finding) -> Span | None:
    if finding.path is None or finding.line is None:
        return None
    return snapshot.now(state, Span(finding.path, finding.line, finding.column))


def _assigned(snapshot: Snapshot, state: TargetState, reason: Unregistered) -> Span | None:
    return snapshot.now(state, reason.assigned) if reason.assigned is not None else None


def _register(document: Document, line: int, assigned: int, holder: str, container: str) -> Iterator[CodeAction]:
    text = document.line(assigned)
    chain = nodes_around(document, assigned, len(text) - len(text.lstrip()) + 1)
    assignment = next((node for node in chain if node.type == "assignment"), None)
    value = assignment.child_by_field_name("right") if assignment is not None else None
    package = name_of_module(document, "torch.nn")
    if assignment is None or value is None or package is None or value.type == "assignment":
        return
    attribute = text_of(assignment.child_by_field_name("left")).rpartition(".")[2]
    if attribute != holder.rpartition(".")[2]:
        return
    edit = TextEdit(document.span_of(value), f"{package}.{container}({_inner(text_of(value))})")
    title = action_titles.register(holder, container)
    yield CodeAction(title, "quickfix", (edit,), fixes="unregistered-parameter", line=line, preferred=True)


def _inner(value: str) -> str:
    """The argument for a value: none for an empty list or dict."""
    return "" if value in ("[]", "{}", "list()", "dict()") else value
