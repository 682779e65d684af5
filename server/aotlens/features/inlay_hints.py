"""Inlay hints: recorded values, shapes on lines that make parameters, bytes on lines that save values for backward."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from aotlens.explain.line_ends import saved_here, shapes_made_here
from aotlens.explain.value_hints import STALE
from aotlens.features.value_hints import LineEnd, value_hints
from aotlens.model.contexts import Context, class_at, context_of, first_that_knows, function_context
from aotlens.model.index import index_of
from aotlens.model.slots import Entry
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens.model.wholes import Whole, wholes
from aotlens.syntax.subjects import ClassRef
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import Saved, Span


@dataclass(frozen=True)
class InlayHint:
    """A hint at the end of a line: `label` is shown beside the code, `tooltip` when the mouse is over it."""

    span: Span
    label: str
    tooltip: str


def inlay_hints(
    snapshot: Snapshot,
    document: Document,
    first: int,
    last: int,
    *,
    shapes: bool,
    saved: bool,
    values: tuple[int, int] | None = None,
) -> list[InlayHint]:
    """The hints of the lines `first` to `last`, each from the model that also answers hovers there.

    `values` are the first and last line whose recorded values are shown; None for none.
    """
    hints = []
    recorded: dict[int, LineEnd] = {}
    if values is not None:
        found = value_hints(snapshot, document, max(first, values[0]), min(last, values[1]))
        recorded = {hint.line: hint for hint in found}
    contexts: dict[object, Context | None] = {}
    made: dict[object, dict[int, list[Whole[Entry]]]] = {}
    kept: dict[object, dict[int, list[Saved]]] = {}
    for line in range(max(first, 1), min(last, len(document.lines)) + 1):
        text = document.lines[line - 1].lstrip()
        if not text or text.startswith("#"):
            continue
        column = len(document.lines[line - 1].rstrip()) + 1
        span = Span(document.path, line, column, line, column)
        if (value := recorded.get(line)) is not None:
            hints.append(InlayHint(span, value.label, value.tooltip))
        if not (shapes or saved):
            continue
        place = class_at(document, line) or _function_at(document, line)
        if place not in contexts:
            contexts[place] = _context(snapshot, document, place)
        context = contexts[place]
        state = context.state if context is not None else first_that_knows(snapshot, document, line, 1)
        if state is None:
            continue
        if state.key not in made:
            made[state.key] = _made(snapshot, state, document) if shapes else {}
            kept[state.key] = _kept(snapshot, state, document) if saved else {}
        texts = []
        if line in made[state.key]:
            texts.append(shapes_made_here(made[state.key][line], state))
        if line in kept[state.key]:
            texts.append(saved_here(kept[state.key][line], state, len(context.instances) if context is not None else 1))
        for label, tooltip in sorted(texts):
            hints.append(InlayHint(span, label + (STALE if state.stale else ""), tooltip))
    return hints


def _function_at(document: Document, line: int) -> str | None:
    """The outermost function around a line."""
    around = [d.qualname for d in document.definitions if d.start_line <= line <= d.end_line]
    return around[0] if around else None


def _context(snapshot: Snapshot, document: Document, place: ClassRef | str | None) -> Context | None:
    if isinstance(place, ClassRef):
        return context_of(snapshot, document, place)
    return function_context(snapshot, document, place) if place is not None else None


def _made(snapshot: Snapshot, state: TargetState, document: Document) -> dict[int, list[Whole[Entry]]]:
    """The parameters and buffers by the line of today's text that makes them."""
    by_line: dict[int, list[Whole[Entry]]] = defaultdict(list)
    for value in wholes(index_of(state.map).entries) if state.map is not None else ():
        slot = value.first.slot
        if slot.definition is not None and slot.definition.path == document.path and slot.shape is not None:
            span = snapshot.now(state, slot.definition)
            if span is not None and all(value.label != other.label for other in by_line[span.line]):
                by_line[span.line].append(value)
    return by_line


def _kept(snapshot: Snapshot, state: TargetState, document: Document) -> dict[int, list[Saved]]:
    """The values saved for backward, without aliases, by the line of today's text that computes them."""
    by_line: dict[int, list[Saved]] = defaultdict(list)
    for place, value in index_of(state.map).lines.saved_in(document.path) if state.map is not None else ():
        span = snapshot.now(state, place)
        if span is not None and value.bytes:
            by_line[span.line].append(value)
    return by_line
