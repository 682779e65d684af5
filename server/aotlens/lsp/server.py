"""The language server: one client's connection, and the handlers that answer it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from aotlens import __version__
from aotlens.text.documents import Documents

from .notebooks.open_notebooks import OpenNotebooks
from .positions import Encoding
from .protocol.strict import StrictProtocol
from .protocol.trust import Trusted

_LOG_LINES = 2000
_log = logging.getLogger(__name__)


class AotlensServer(LanguageServer):
    """The language server. Its attributes change on the event loop only."""

    protocol: StrictProtocol

    def __init__(self) -> None:
        self.answer_request: Callable[[str, Any], Any] | None = None
        """Answers a feature's request, given its method and params; None before `initialize` is answered."""
        self.run_command: Callable[[str, tuple[Any, ...]], Any] | None = None
        """Runs a command, given its name and arguments; None before `initialize` is answered."""
        self.open_texts: Callable[[], dict[str, str]] = dict
        """Returns the texts of open trusted files, by path; none before there is a session."""
        self.agents_socket: str | None = None
        """The socket on which agents may ask for the unsaved ones of these; None if nobody may."""
        self.cleanups: list[Callable[[], Awaitable[None] | None]] = []
        """Called when the server ends, in any way, to end what it started. Together they have two seconds."""
        self.log_lines: deque[str] = deque(maxlen=_LOG_LINES)
        """The end of the log."""
        # All cells are wanted, because those of text count in the names of places.
        jupyter = types.NotebookDocumentFilterWithNotebook("jupyter-notebook")
        synchronised = types.NotebookDocumentSyncOptions([jupyter], save=True)
        super().__init__("aotlens", __version__, notebook_document_sync=synchronised, protocol_cls=StrictProtocol)

    @property
    def documents(self) -> Documents:
        """The client's open documents."""
        return self.protocol.documents

    @property
    def notebooks(self) -> OpenNotebooks:
        """The client's open notebooks."""
        return self.protocol.sync.notebooks

    @property
    def trusted(self) -> Trusted:
        """Whose code may run: none before the client says so, but for what the command line trusts."""
        return self.protocol.sync.trusted

    @trusted.setter
    def trusted(self, folders: Trusted) -> None:
        self.protocol.sync.trusted = folders

    @property
    def encoding(self) -> Encoding:
        """The units in which the client counts the characters of a line."""
        return self.protocol.encoding

    def feature(self, feature_name: str, options: Any | None = None) -> Callable[[Any], Any]:
        """Register a handler.

        It is wrapped, because pygls sets attributes on handlers, and a bound method allows none.
        """
        register = super().feature(feature_name, options)
        return lambda handler: register(partial(handler))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log an error; pygls would show it in a message box."""
        _log.error("%s", error, exc_info=error)
