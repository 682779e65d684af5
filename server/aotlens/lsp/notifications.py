"""The server's notifications: diagnostics, refreshes, status, progress, logs."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from aotlens.explain.visible import visible_message
from aotlens.model.snapshot import TargetKey
from aotlens.session.progress import Progress
from aotlens.session.tracer.status import TracerStatus
from aotlens.text.documents import Document

from .capabilities import asks_for_content, pulls_diagnostics
from .context import Context
from .hint_refreshes import HintRefreshes
from .notebooks.answers import diagnostics_by_cell

_log = logging.getLogger(__name__)
STATUS = "aotlens/status"
"""The state of a tracer."""
CHANGE_SLOTS = "aotlens/didChangeSlots"
"""The answers to `aotlens/slots` may have changed; sent only to clients that show them."""
REFRESH_SECONDS = 0.05
"""Changes within this time are published together."""


class Notifier:
    """Implements `session.Client` over LSP, within the client's capabilities."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client
        self._timer: asyncio.TimerHandle | None = None
        self._published: dict[str, tuple[int, list[lsp.Diagnostic]]] = {}
        self._cells: dict[str, set[str]] = {}  # the cells with diagnostics, by the path of their notebook
        self._warned: set[str] = set()
        self._progress: dict[str, Callable[[], None]] = {}
        self._hints = HintRefreshes(context)

    def states_changed(self, keys: Iterable[TargetKey]) -> None:
        """Refresh what the client shows, soon, and once for several changes."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(REFRESH_SECONDS, self._refresh)

    def cursor_moved(self, document: Document) -> None:
        """Refresh the hints near the cursor, soon, if it is in other code now."""
        self._hints.cursor_moved(document)

    def text_changed(self) -> None:
        """Publish the diagnostics, if the client does not pull them."""
        if not pulls_diagnostics(self._context.capabilities):
            self.publish()

    def _refresh(self) -> None:
        self._timer = None
        capabilities = self._context.capabilities
        self._context.graphs.drop_outdated(self._context.session.snapshot().states)
        self._want_both()
        workspace = capabilities.workspace
        if workspace and workspace.code_lens and workspace.code_lens.refresh_support:
            self._client.workspace_code_lens_refresh(None)
        self._hints.states_changed()
        if self._context.offers.slots:
            self._client.protocol.notify(CHANGE_SLOTS, {})
        if asks_for_content(capabilities):
            self._refresh_graphs()
        if pulls_diagnostics(capabilities):
            self._client.workspace_diagnostic_refresh(None)
        else:
            self.publish()

    def _want_both(self) -> None:
        """Have the models traced in both conventions that are asked about in both by names in the open documents."""
        snapshot = self._context.session.snapshot()
        if not any(state.maps for state in snapshot.states.values()):
            return
        from aotlens.features.numbered_names import to_trace_too  # it reads maps

        for document in snapshot.documents.values():
            self._context.session.conventions.want_both(to_trace_too(snapshot, document))

    def _refresh_graphs(self) -> None:
        """Have the client ask again for the graphs of targets that were traced again."""
        for uri in self._context.graphs.outdated(self._context.session.snapshot().states):
            self._client.workspace_text_document_content_refresh(lsp.TextDocumentContentRefreshParams(uri))

    def publish(self) -> None:
        """Publish the diagnostics of the open documents that have changed."""
        from .requests.diagnostics import diagnostics_of  # the first hover need not wait for this

        for path, document in self._context.session.snapshot().documents.items():
            found = diagnostics_of(self._context, document)
            if self._published.get(path) != (document.version, found):
                self._published[path] = (document.version, found)
                self._send_diagnostics(document, found)
        for path in [path for path in self._published if path not in self._context.documents.by_path]:
            del self._published[path]

    def _send_diagnostics(self, document: Document, found: list[lsp.Diagnostic]) -> None:
        """Publish the diagnostics of a document; those of a notebook for each of its cells."""
        notebooks = self._context.notebooks
        if not notebooks.is_open(document.path):
            params = lsp.PublishDiagnosticsParams(document.uri, found, document.version)
            self._client.text_document_publish_diagnostics(params)
            return
        by_cell = diagnostics_by_cell(notebooks, document.path, found)
        self._withdraw_cells(document.path, {cell.uri for cell, _ in by_cell})
        for cell, in_cell in by_cell:
            params = lsp.PublishDiagnosticsParams(cell.uri, in_cell, cell.version)
            self._client.text_document_publish_diagnostics(params)

    def _withdraw_cells(self, path: str, now: set[str]) -> None:
        """Withdraw the diagnostics of the cells that a notebook no longer has."""
        for uri in sorted(self._cells.get(path, set()) - now):
            self._client.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))
        self._cells[path] = now

    def withdraw(self, uri: str, path: str) -> None:
        """Withdraw the diagnostics of a document that was closed."""
        if path in self._cells:
            self._withdraw_cells(path, set())
            del self._cells[path], self._published[path]
        elif not pulls_diagnostics(self._context.capabilities) and self._published.pop(path, None) is not None:
            self._client.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    def status_changed(self, status: TracerStatus) -> None:
        """Send `aotlens/status`; and a message if an interpreter cannot trace, once until it can."""
        self._client.protocol.notify(
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
            self._warned.discard(status.interpreter.path)
        if self._context.offers.problems:
            return
        if status.state in ("unusable", "gone") and status.interpreter.path not in self._warned:
            self._warned.add(status.interpreter.path)
            where = f"{status.interpreter.path}: {status.interpreter.reason}"
            text = f"aotlens cannot trace: {status.message} ({where}). What to do: {status.hint}"
            self._client.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, visible_message(text)))

    def log(self, level: str, message: str) -> None:
        """Log a message: on stderr and with `window/logMessage`."""
        _log.log(logging.getLevelName(level.upper()), message)

    def progress(self, title: str, cancel: Callable[[], None]) -> Progress:
        """Begin a work-done progress that can be cancelled, if the client shows it."""
        window = self._context.capabilities.window
        if not (window and window.work_done_progress):
            return _Silent()
        token = str(uuid.uuid4())
        self._progress[token] = cancel
        return _WorkDone(self._client, token, title, lambda: self._progress.pop(token, None))

    def cancelled(self, token: object) -> None:
        """Cancel the work of a progress, because the user says so."""
        cancel = self._progress.get(str(token))
        if cancel is not None:
            cancel()


class _Silent:
    def report(self, message: str) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Nothing was shown, so nothing ends."""


class _WorkDone:
    """A work-done progress. It begins only once the client has agreed to its token."""

    def __init__(self, client: LanguageServer, token: str, title: str, forget: Callable[[], object]) -> None:
        self._client = client
        self._token = token
        self._forget = forget
        self._last: lsp.WorkDoneProgressReport | None = None
        self._state = "creating"
        self._task = asyncio.ensure_future(self._create(title))

    async def _create(self, title: str) -> None:
        try:
            params = lsp.WorkDoneProgressCreateParams(self._token)
            await self._client.window_work_done_progress_create_async(params)
        except Exception:  # the client refuses
            self._state = "ended"
            return
        if self._state == "creating":
            self._state = "shown"
            self._send(lsp.WorkDoneProgressBegin(title, cancellable=True))
            if self._last is not None:
                self._send(self._last)

    def report(self, message: str) -> None:
        """Show what is being done."""
        self._last = lsp.WorkDoneProgressReport(message=message, cancellable=True)
        if self._state == "shown":
            self._send(self._last)

    def end(self) -> None:
        """End the progress."""
        self._forget()
        if self._state == "shown":
            self._send(lsp.WorkDoneProgressEnd())
        self._state = "ended"

    def _send(self, value: Any) -> None:
        self._client.progress(lsp.ProgressParams(self._token, value))
