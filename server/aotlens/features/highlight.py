"""Highlights: the places of a document that read the thing under the cursor, and the place that makes it."""

from __future__ import annotations

from dataclasses import dataclass

from aotlens.model.resolve import resolve
from aotlens.model.snapshot import Snapshot
from aotlens.syntax.at_position import subjects_at
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

from .definition import birthplaces, with_columns
from .references import in_order, is_referable, read_spans


@dataclass(frozen=True)
class Highlight:
    """A place of the document that reads the thing, or makes it (`is_write`)."""

    span: Span
    is_write: bool


def highlight(snapshot: Snapshot, document: Document, line: int, column: int) -> tuple[Highlight, ...]:
    """The places of the document for the thing at a position, in the order of the text."""
    for subject in subjects_at(document, line, column):
        found = resolve(snapshot, document, subject, line, column) if is_referable(subject) else ()
        if found:
            kinds: dict[Span, bool] = {}
            for one in found:
                kinds |= {
                    span: False for span in read_spans(snapshot, one, document.path) if span.path == document.path
                }
                kinds |= {span: True for span in birthplaces(snapshot, one) if span.path == document.path}
            places = [Highlight(with_columns(snapshot, span), is_write) for span, is_write in kinds.items()]
            return tuple(sorted(places, key=lambda place: in_order(place.span)))
    return ()
