"""A fix for a graph break at a `print`: torch.compile leaves the statement out."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens.explain import action_titles
from aotlens.model.snapshot import Snapshot
from aotlens.syntax.imports import name_of_module
from aotlens.syntax.prints import guarded_print
from aotlens.text.documents import Document
from aotlens_tracer.wire.findings import Broken
from aotlens_tracer.wire.places import Span

from .action import CodeAction, TextEdit


def print_in_eager(snapshot: Snapshot, document: Document, where: Span) -> Iterator[CodeAction]:
    """Put the selected `print` statements that break a graph under `if not torch.compiler.is_compiling():`."""
    torch = name_of_module(document, "torch")
    if torch is None:
        return
    lines: dict[int, None] = {}
    for state in snapshot.maps():
        for finding in state.map.findings if state.map is not None else ():
            if isinstance(finding.reason, Broken) and finding.path is not None and finding.line is not None:
                place = snapshot.now(state, Span(finding.path, finding.line))
                if place is not None and place.path == document.path:
                    lines[place.line] = None
    last = where.end_line or where.line
    for line in lines:
        found = guarded_print(document, line, torch)
        if found is not None and where.line <= line <= last:
            statement, text = found
            edit = TextEdit(document.span_of(statement), text)
            yield CodeAction(action_titles.PRINT_IN_EAGER, "quickfix", (edit,), fixes="graph-break", line=line)
