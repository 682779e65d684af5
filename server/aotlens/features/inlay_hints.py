"""Inlay hints: shapes where parameters are made, bytes where values are saved for backward."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from aotlens.explain.shapes import bytes_in_words, tensor_in_brief
from aotlens.session.documents import Document
from aotlens_tracer.descriptor_map import Span

from .snapshot import Snapshot, TargetState


@dataclass(frozen=True)
class InlayHint:
    """A hint at the end of a line: `label` beside the code, `tooltip` on demand."""

    span: Span
    label: str
    tooltip: str


def inlay_hints(
    snapshot: Snapshot, document: Document, first: int, last: int, *, shapes: bool, saved: bool
) -> list[InlayHint]:
    """The hints of the lines `first` to `last`. Of several models that share a line, the first that knows it speaks."""
    hints: dict[tuple[int, str], InlayHint] = {}
    for state in snapshot.maps():
        rows = []
        if shapes:
            rows += [("shape", *row) for row in _shapes(snapshot, state, document)]
        if saved:
            rows += [("saved", *row) for row in _saved(snapshot, state, document)]
        for kind, line, label, tooltip in rows:
            if first <= line <= last and line <= len(document.lines):
                column = len(document.lines[line - 1].rstrip()) + 1
                stale = " (stale)" if state.stale else ""
                span = Span(document.path, line, column, line, column)
                hints.setdefault((line, kind), InlayHint(span, label + stale, tooltip))
    return sorted(hints.values(), key=lambda hint: (hint.span.line, hint.label))


def _shapes(snapshot: Snapshot, state: TargetState, document: Document) -> list[tuple[int, str, str]]:
    """For each line on which parameters or buffers are made: their distinct shapes by last name."""
    by_line: dict[int, dict[str, None]] = defaultdict(dict)
    count: dict[int, int] = defaultdict(int)
    assert state.map is not None
    for graph in state.map.graphs:
        for slot in graph.inputs:
            if slot.definition is None or slot.definition.path != document.path or slot.shape is None:
                continue
            span = snapshot.now(state, slot.definition)
            if span is None:
                continue
            last_name = slot.label.rpartition(".")[2]
            by_line[span.line][f"{last_name} {tensor_in_brief(slot.dtype, slot.shape)}"] = None
            count[span.line] += 1
    return [
        (
            line,
            ", ".join(list(texts)[:3]) + (" …" if len(texts) > 3 else ""),
            "a graph input is made here" if count[line] == 1 else f"{count[line]} graph inputs are made here",
        )
        for line, texts in by_line.items()
    ]


def _saved(snapshot: Snapshot, state: TargetState, document: Document) -> list[tuple[int, str, str]]:
    """For each line that keeps memory for backward: how much, in how many values, aliases apart."""
    total: dict[int, int] = defaultdict(int)
    values: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    assert state.map is not None
    for graph in state.map.graphs:
        for value in graph.saved or ():
            if value.source is None or value.alias_of is not None or not value.bytes:
                continue
            span = snapshot.now(state, value.source) if value.source.path == document.path else None
            if span is not None:
                total[span.line] += value.bytes
                values[span.line][f"{value.label}: {tensor_in_brief(value.dtype, value.shape)}"] += 1
    hints = []
    for line, size in total.items():
        listed = "\n".join(f"{text} ×{n}" if n > 1 else text for text, n in list(values[line].items())[:12])
        hints.append((line, f"saves {bytes_in_words(size)}", f"kept for backward in {state.key.qualname}:\n{listed}"))
    return hints
