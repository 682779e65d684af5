"""The document and position that a request is about."""

from __future__ import annotations

from typing import Any, Protocol

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from aotlens.lsp.context import Context
from aotlens.lsp.positions import from_position
from aotlens.text.documents import Document

_MOST = (1 << 31) - 1
"""The largest number that LSP's `uinteger` has."""


class AtPosition(Protocol):
    """Params with a document and a position."""

    @property
    def text_document(self) -> lsp.TextDocumentIdentifier:
        """The document."""

    @property
    def position(self) -> lsp.Position:
        """The position."""


def focused_position(context: Context, params: AtPosition) -> tuple[Document, int, int] | None:
    """The document, line and column of a request; None if the document is not open.

    It also reports the position to the session, as the place where the user is: targets near it are traced first. If
    the client does not notify where the cursor is, this counts as its place.
    """
    document = context.documents.get(params.text_document.uri)
    if document is None:
        return None
    line, column = from_position(document, params.position, context.encoding)
    context.session.focus(document.path, line)
    if not context.offers.cursor:
        context.cursors.put(document, line)
    return document, line, column


def uri_in(params: Any, method: str) -> str:
    """The document's URI in the params of a method beyond LSP. Raises InvalidParams."""
    try:
        uri = params["textDocument"]["uri"]
    except (TypeError, LookupError):
        uri = None
    if not isinstance(uri, str):
        raise JsonRpcInvalidParams(f"{method}: textDocument.uri has to be a string")
    return uri


def position_in(params: Any, method: str) -> lsp.Position:
    """The position in the params of a method beyond LSP. Raises InvalidParams."""
    try:
        line, character = params["position"]["line"], params["position"]["character"]
    except (TypeError, LookupError):
        line = character = None
    if not all(isinstance(each, int) and 0 <= each <= _MOST for each in (line, character)):
        raise JsonRpcInvalidParams(f"{method}: position has to be one of LSP's")
    return lsp.Position(line, character)
