"""What the server tells the client by itself: diagnostics, refreshes, status, progress, logs."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from aotlens.lsp.requests.requests import diagnostics_of
from aotlens.model.snapshot import TargetKey
from aotlens.session.progress import Progress
from aotlens.session.tracer.status import TracerStatus
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .capabilities import asks_for_content, pulls_diagnostics
from .graph_documents import parse
from .methods import CHANGE_SLOTS

if TYPE_CHECKING:
    from .app import AotlensServer

_log = logging.getLogger(__name__)
STATUS = "aotlens/status"
REFRESH_SECONDS = 0.05
"""Changes that come within this time are told at once."""


class Notifier:
    """Implements `session.Client` over LSP, within what the client can take."""

    def __init__(self, server: AotlensServer) -> None:
        self._server = server
        self._timer: asyncio.TimerHandle | None = None
        self._published: dict[str, list[Any]] = {}
        self._shown: dict[str, DescriptorMap] = {}
        self._told: set[str] = set()
        self._progress: dict[str, Callable[[], None]] = {}

    def states_changed(self, keys: Iterable[TargetKey]) -> None:
        """Refresh what the client shows, soon, and not for each change by itself."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(REFRESH_SECONDS, self._refresh)

    def text_changed(self) -> None:
        """Send the diagnostics to a client that does not ask for them by itself."""
        if not pulls_diagnostics(self._server.client_capabilities):
            self.publish()

    def _refresh(self) -> None:
        self._timer = None
        capabilities = self._server.client_capabilities
        workspace = capabilities.workspace
        if workspace and workspace.code_lens and workspace.code_lens.refresh_support:
            self._server.workspace_code_lens_refresh(None)
        if workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support:
            self._server.workspace_inlay_hint_refresh(None)
        if self._server.offers.slots:
            self._server.protocol.notify(CHANGE_SLOTS, {})
        if asks_for_content(capabilities):
            self._refresh_graphs()
        if pulls_diagnostics(capabilities):
            self._server.workspace_diagnostic_refresh(None)
        else:
            self.publish()

    def _refresh_graphs(self) -> None:
        """Have the client ask anew for the graphs of targets that were traced anew."""
        states = self._server.session.snapshot().states
        for document in self._server.documents.by_path.values():
            named = parse(document.uri)
            state = states.get(named[0]) if named is not None else None
            if state is None or state.map is None:
                continue
            if self._shown.setdefault(document.uri, state.map) is not state.map:
                self._shown[document.uri] = state.map
                params = lsp.TextDocumentContentRefreshParams(document.uri)
                self._server.workspace_text_document_content_refresh(params)

    def publish(self) -> None:
        """Send the diagnostics of the open documents, as far as they are others than those sent."""
        documents = self._server.documents.by_path
        for path, document in documents.items():
            found = diagnostics_of(self._server, document)
            if self._published.get(path) != [document.version, found]:
                self._published[path] = [document.version, found]
                params = lsp.PublishDiagnosticsParams(document.uri, found, document.version)
                self._server.text_document_publish_diagnostics(params)
        for path in [path for path in self._published if path not in documents]:
            del self._published[path]

    def withdraw(self, uri: str, path: str) -> None:
        """A document was closed: its diagnostics go."""
        if not pulls_diagnostics(self._server.client_capabilities) and self._published.pop(path, None) is not None:
            self._server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    def status_changed(self, status: TracerStatus) -> None:
        """`aotlens/status`, and a message where an interpreter cannot trace: once, until it can."""
        self._server.protocol.notify(
            STATUS,
            {
                "state": status.state,
                "interpreter": status.interpreter.path,
                "reason": status.interpreter.reason,
                "python": status.python,
                "torch": status.torch,
                "problem": status.problem,
                "message": status.message,
                "hint": status.hint,
            },
        )
        if status.state == "ready":
            self._told.discard(status.interpreter.path)
        if self._server.offers.problems:
            return
        if status.state in ("unusable", "gone") and status.interpreter.path not in self._told:
            self._told.add(status.interpreter.path)
            where = f"{status.interpreter.path}: {status.interpreter.reason}"
            text = f"aotlens cannot trace: {status.message} ({where}). What to do: {status.hint}"
            self._server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, text))

    def log(self, level: str, message: str) -> None:
        """To stderr and `window/logMessage`."""
        _log.log(logging.getLevelName(level.upper()), message)

    def progress(self, title: str, cancel: Callable[[], None]) -> Progress:
        """Work-done progress with cancel, where the client shows it."""
        window = self._server.client_capabilities.window
        if not (window and window.work_done_progress):
            return _Silent()
        token = str(uuid.uuid4())
        self._progress[token] = cancel
        return _WorkDone(self._server, token, title, lambda: self._progress.pop(token, None))

    def cancelled(self, token: object) -> None:
        """The user cancels a progress."""
        cancel = self._progress.get(str(token))
        if cancel is not None:
            cancel()


class _Silent:
    def report(self, message: str) -> None:
        """Nothing is shown."""

    def end(self) -> None:
        """Nothing was shown."""


class _WorkDone:
    """A work-done progress. It is used only once the client has agreed to it."""

    def __init__(self, server: AotlensServer, token: str, title: str, forget: Callable[[], object]) -> None:
        self._server = server
        self._token = token
        self._forget = forget
        self._last: lsp.WorkDoneProgressReport | None = None
        self._state = "creating"
        self._task = asyncio.ensure_future(self._create(title))

    async def _create(self, title: str) -> None:
        try:
            params = lsp.WorkDoneProgressCreateParams(self._token)
            await self._server.window_work_done_progress_create_async(params)
        except Exception:  # the client refuses: nothing is shown
            self._state = "ended"
            return
        if self._state == "creating":
            self._state = "shown"
            self._send(lsp.WorkDoneProgressBegin(title, cancellable=True))
            if self._last is not None:
                self._send(self._last)

    def report(self, message: str) -> None:
        """Say what is being done."""
        self._last = lsp.WorkDoneProgressReport(message=message, cancellable=True)
        if self._state == "shown":
            self._send(self._last)

    def end(self) -> None:
        """Take it away."""
        self._forget()
        if self._state == "shown":
            self._send(lsp.WorkDoneProgressEnd())
        self._state = "ended"

    def _send(self, value: Any) -> None:
        self._server.progress(lsp.ProgressParams(self._token, value))
