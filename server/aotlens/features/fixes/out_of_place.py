"""A fix for an in-place error: the statement that overwrites a value computes a new one."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.model.failure_findings import overwriting
from aotlens.model.snapshot import Snapshot
from aotlens.syntax.changes import as_new_value
from aotlens.syntax.source_text import nodes_around
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

from .action import CodeAction, TextEdit


def out_of_place(snapshot: Snapshot, document: Document, where: Span) -> Iterator[CodeAction]:
    """Rewrite the selected statements that overwrite what a derivative needs."""
    last = where.end_line or where.line
    for state in snapshot.states.values():
        for span in overwriting(state.failure) if state.failure is not None else ():
            place = snapshot.now_of_failure(state, span)
            if place is None or place.path != document.path or not where.line <= place.line <= last:
                continue
            found = as_new_value(nodes_around(document, place.line, place.column or 1))
            if found is not None:
                node, text = found
                title = action_titles.out_of_place(text)
                edit = TextEdit(document.span_of(node), text)
                yield CodeAction(title, "quickfix", (edit,), fixes="trace-failed", line=place.line)
