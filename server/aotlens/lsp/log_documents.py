"""Logs as open documents: what they say, and their positions."""

from __future__ import annotations

from lsprotocol import types as lsp

from aotlens.features.logs.view import LogView
from aotlens.lsp.context import Context
from aotlens.lsp.positions import from_position, to_range
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span


class LogDocument:
    """A log and the document that shows it."""

    def __init__(self, context: Context, view: LogView) -> None:
        self.view = view
        self.document = view.document
        self._encoding = context.encoding

    def place(self, position: lsp.Position) -> tuple[int, int]:
        """The line and column of a position."""
        return from_position(self.document, position, self._encoding)

    def range_of(self, span: Span) -> lsp.Range:
        """The range of a span of the document."""
        return to_range(self.document, span, self._encoding)

    def lines(self, first: int, last: int) -> lsp.Range:
        """The range of whole lines, both inclusive."""
        return self.range_of(Span(self.document.path, first, 1, last, len(self.document.line(last)) + 1))


async def log_at(context: Context, uri: str) -> LogDocument | None:
    """The log that a document shows; None if it has nothing of torch's, or was edited while it was read."""
    document = context.documents.get(uri)
    if document is None:
        return None
    view = await log_view(context, document)
    return LogDocument(context, view) if view is not None and context.documents.get(uri) is document else None


async def log_view(context: Context, document: Document) -> LogView | None:
    """A log and the files here that the paths in it are; None if it has nothing of torch's."""
    reading = await context.logs.read(document)
    if reading is None:
        return None
    files = await context.session.log_files.find(reading.paths)
    lines = [(file, line) for path, line in reading.lines for file in files.get(path, ())[:1]]
    context.session.log_models.trace_soon(lines, reading.convention)
    return LogView(document, reading.names, files, reading.cut, reading.is_trace)
