"""The client's documents and its trust, as the server knows them: applied before any handler hears of a change.

Handlers hear of a notebook as of one document, whose text is joined from its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from aotlens.lsp.notebooks.open_notebooks import NoSuchCell, OpenNotebooks
from aotlens.lsp.positions import Encoding, to_edit
from aotlens.text.documents import Documents, NotOpen
from aotlens.text.notebooks import closed, opened_as_text
from aotlens.text.uris import path_of

from .execution import Handler, Steps
from .trust import Trusted, parse_trust

CHANGE_TRUST = "aotlens/didChangeTrust"
"""A notification of the client: what is trusted now, `{trusted: bool or [folder]}`."""
DEBUG_TEXT = "aotlens/debugText"
"""A request for the server's copy of a document: `{textDocument: {uri}}` -> `{text, version}`, or null if not open."""


class DocumentSync:
    """The builtins that keep the documents. `features` are the handlers to call afterwards, by method."""

    def __init__(self, documents: Documents, features: Mapping[str, Handler], encoding: Callable[[], Encoding]) -> None:
        self.trusted: Trusted = False
        """Whose code may run: none before the client says so, but for what the command line trusts."""
        self.notebooks = OpenNotebooks()
        self._documents = documents
        self._features = features
        self._encoding = encoding

    def builtins(self) -> dict[str, Handler]:
        """The builtins, by method."""
        return {
            types.TEXT_DOCUMENT_DID_OPEN: self.did_open,
            types.TEXT_DOCUMENT_DID_CHANGE: self.did_change,
            types.TEXT_DOCUMENT_DID_CLOSE: self.did_close,
            types.NOTEBOOK_DOCUMENT_DID_OPEN: self.did_open_notebook,
            types.NOTEBOOK_DOCUMENT_DID_CHANGE: self.did_change_notebook,
            types.NOTEBOOK_DOCUMENT_DID_SAVE: self.did_save_notebook,
            types.NOTEBOOK_DOCUMENT_DID_CLOSE: self.did_close_notebook,
            CHANGE_TRUST: self.change_trust,
            DEBUG_TEXT: self.debug_text,
        }

    def did_open(self, params: types.DidOpenTextDocumentParams) -> Steps[None]:
        """Remember the document."""
        document, path = params.text_document, path_of(params.text_document.uri)
        if not self.notebooks.is_open(path):
            opened_as_text(path, document.text)
        self._documents.open(document.uri, document.version, document.text, document.language_id)
        yield from self._pass_on(types.TEXT_DOCUMENT_DID_OPEN, params)

    def did_change(self, params: types.DidChangeTextDocumentParams) -> Steps[None]:
        """Apply the changes. Raises InvalidParams if the document is not open."""
        changed = params.text_document
        edits = [partial(to_edit, change=change, encoding=self._encoding()) for change in params.content_changes]
        try:
            self._documents.change(changed.uri, changed.version, edits)
        except NotOpen:
            raise JsonRpcInvalidParams(f"{changed.uri} is not open") from None
        yield from self._pass_on(types.TEXT_DOCUMENT_DID_CHANGE, params)

    def did_close(self, params: types.DidCloseTextDocumentParams) -> Steps[None]:
        """Forget the document."""
        self._documents.close(params.text_document.uri)
        closed(path_of(params.text_document.uri))
        yield from self._pass_on(types.TEXT_DOCUMENT_DID_CLOSE, params)

    def did_open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> Steps[None]:
        """Remember the notebook, and its text as a document."""
        opened = params.notebook_document
        text = self.notebooks.open(params)
        document = types.TextDocumentItem(opened.uri, types.LanguageKind.Python, opened.version, text)
        yield from self.did_open(types.DidOpenTextDocumentParams(document))

    def did_change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> Steps[None]:
        """Apply the changes. Raises InvalidParams if the notebook or a cell is not open."""
        try:
            text = self.notebooks.change(params, self._encoding())
        except NoSuchCell as error:
            raise JsonRpcInvalidParams(f"{error} is not open") from None
        identifier = types.VersionedTextDocumentIdentifier(
            params.notebook_document.version, params.notebook_document.uri
        )
        whole = types.TextDocumentContentChangeWholeDocument(text)
        yield from self.did_change(types.DidChangeTextDocumentParams(identifier, [whole]))

    def did_save_notebook(self, params: types.DidSaveNotebookDocumentParams) -> Steps[None]:
        """Pass it on."""
        identifier = types.TextDocumentIdentifier(params.notebook_document.uri)
        yield from self._pass_on(types.TEXT_DOCUMENT_DID_SAVE, types.DidSaveTextDocumentParams(identifier))

    def did_close_notebook(self, params: types.DidCloseNotebookDocumentParams) -> Steps[None]:
        """Forget the notebook."""
        uri = params.notebook_document.uri
        self.notebooks.close(uri)
        yield from self.did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def change_trust(self, params: Any) -> Steps[None]:
        """Remember what is trusted. Raises InvalidParams."""
        trusted = parse_trust(params.get("trusted") if isinstance(params, dict) else None)
        if trusted is None:
            raise JsonRpcInvalidParams("trusted has to be true, false, or a list of folders")
        self.trusted = trusted
        yield from self._pass_on(CHANGE_TRUST, params)

    def debug_text(self, params: Any) -> dict[str, Any] | None:
        """The text and version of an open document. Raises InvalidParams."""
        try:
            uri = params["textDocument"]["uri"]
        except (TypeError, LookupError):
            uri = None
        if not isinstance(uri, str):
            raise JsonRpcInvalidParams(f"{DEBUG_TEXT}: textDocument.uri has to be a string")
        document = self._documents.get(uri)
        return None if document is None else {"text": document.text, "version": document.version}

    def _pass_on(self, method: str, params: Any) -> Steps[None]:
        if (handler := self._features.get(method)) is not None:
            yield handler, (params,), None
