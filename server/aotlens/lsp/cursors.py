"""The line of the cursor in each open document, as far as the client lets us know.

LSP has no notification for it. A client may send `aotlens/didChangeCursor`; of the others, the last edit and the last
request with a position count, which most editors send for the place of the cursor.
"""

from __future__ import annotations

from collections.abc import Callable

from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span


class Cursors:
    """The lines of the cursors. `on_move` is called with each document in which the cursor may have moved."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        self.on_move: Callable[[Document], None] = lambda document: None

    def put(self, document: Document, line: int) -> None:
        """The cursor is on a line (from 1) of a document."""
        self._places[document.path] = (document.version, line)
        self.on_move(document)

    def line(self, document: Document) -> int | None:
        """The line of the cursor in the text of today; None if it was never in this document."""
        if document.path not in self._places:
            return None
        version, line = self._places[document.path]
        now = document.carry(version, Span(document.path, line, 1))
        return min(now.line if now is not None else line, document.line_count)

    def forget(self, path: str) -> None:
        """A document was closed."""
        self._places.pop(path, None)
