"""Everything that the handlers share. This is below all of them: it imports no handler."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from aotlens.explain.visible import visible_message
from aotlens.session.session import Session
from aotlens.text.documents import Documents

from .capabilities import Offers, shows_documents
from .cursors import Cursors
from .graphs.texts import GraphTexts
from .log_texts import LogTexts
from .notebooks.answers import place_in_cells
from .notebooks.open_notebooks import OpenNotebooks
from .places import Places
from .positions import Encoding
from .temporary import TemporaryFiles

_log = logging.getLogger(__name__)


@dataclass
class Context:
    """One client, and the server's state. Its attributes are read and changed on the event loop only."""

    client: LanguageServer
    """Sends requests and notifications to the client."""
    documents: Documents
    """The open documents."""
    encoding: Encoding
    """The units in which the client counts the characters of a line."""
    capabilities: lsp.ClientCapabilities
    offers: Offers
    """Features of the client beyond LSP."""
    log_lines: deque[str]
    """The end of the log."""
    notebooks: OpenNotebooks
    """The open notebooks, each of them one of the documents too."""
    places: Places
    """Converts spans of any file to locations."""
    cursors: Cursors = field(default_factory=Cursors)
    """The line of the cursor in each document."""
    graphs: GraphTexts = field(default_factory=GraphTexts)
    """The graphs that the client shows."""
    logs: LogTexts = field(default_factory=LogTexts)
    """The open logs that were read."""
    files: TemporaryFiles = field(default_factory=TemporaryFiles)
    """Files for clients that can open nothing else."""
    session: Session = field(init=False)
    """The targets, their maps and the tracers. Set right after the context is made: the session reports to the
    notifier, which needs the context.
    """

    def say(self, message: str) -> None:
        """Show a message to the user."""
        self.client.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, visible_message(message)))

    async def ask(self, question: str, answer: str) -> bool:
        """Ask the user, with one answer to click. Gives whether it was clicked."""
        answers = [lsp.MessageActionItem(answer)]
        params = lsp.ShowMessageRequestParams(lsp.MessageType.Warning, visible_message(question), answers)
        try:
            clicked = await self.client.window_show_message_request_async(params)
        except Exception as error:
            _log.warning("the client did not ask: %s", error)
            return False
        return clicked is not None and clicked.title == answer

    async def show_document(self, uri: str, selection: lsp.Range | None = None, *, external: bool = False) -> None:
        """Open a document in the client, if it can. Whether it does makes no difference to the answer of a command.

        An `external` one is opened by the program that the system has for it.
        """
        if shows_documents(self.capabilities):
            uri, selection = place_in_cells(self.notebooks, uri, selection)
            params = lsp.ShowDocumentParams(uri, external=external or None, take_focus=True, selection=selection)
            try:
                await self.client.window_show_document_async(params)
            except Exception as error:
                _log.warning("the client did not show %s: %s", uri, error)
