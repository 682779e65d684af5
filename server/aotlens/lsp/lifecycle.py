"""Keeps the session informed of the client: documents, settings, folders, trust, watched files."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from aotlens.text.notebooks import ENDING
from aotlens.text.uris import path_of

from .capabilities import offers_in
from .protocol.document_sync import CHANGE_TRUST
from .protocol.trust import parse_trust
from .server import AotlensServer

if TYPE_CHECKING:
    from aotlens.session.session import Session
    from aotlens.session.tracer.interpreter import Interpreter

    from .context import Context
    from .notifications import Notifier

_log = logging.getLogger(__name__)
CHANGE_INTERPRETERS = "aotlens/didChangeInterpreters"
"""A notification of the client: the interpreters that the user selected.

Its params are `{interpreters: {folder URI: {path, reason}}}`.
"""
CHANGE_CURSOR = "aotlens/didChangeCursor"
"""A notification of the client: the cursor was put elsewhere. Its params are `{textDocument, position}`."""
_WATCHED = ("**/*.py", "**/pyproject.toml", "**/aotlens.lock")


def register(server: AotlensServer) -> None:
    """Add the handlers of notifications to the server, and have it start its session after `initialize`."""
    lifecycle = _Lifecycle(server)
    feature = server.feature
    feature(lsp.INITIALIZE)(lifecycle.initialize)
    feature(lsp.INITIALIZED)(lifecycle.initialized)
    feature(lsp.TEXT_DOCUMENT_DID_OPEN)(lifecycle.opened)
    feature(lsp.TEXT_DOCUMENT_DID_CHANGE)(lifecycle.changed)
    feature(lsp.TEXT_DOCUMENT_DID_SAVE)(lifecycle.saved)
    feature(lsp.TEXT_DOCUMENT_DID_CLOSE)(lifecycle.closed)
    feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(lifecycle.configuration_changed)
    feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(lifecycle.files_changed)
    feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(lifecycle.folders_changed)
    feature(lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL)(lifecycle.progress_cancelled)
    feature(CHANGE_TRUST)(lifecycle.trust_changed)
    feature(CHANGE_INTERPRETERS)(lifecycle.interpreters_changed)
    feature(CHANGE_CURSOR)(lifecycle.cursor_changed)


class _Lifecycle:
    _context: Context
    """Set as soon as `initialize` is answered, before the next message."""
    _notifier: Notifier

    def __init__(self, server: AotlensServer) -> None:
        self._server = server
        self._folders: dict[str, Path] = {}
        self._initial: Any = None
        self._left_out: set[str] = set()  # the documents that are too large

    def initialize(self, params: lsp.InitializeParams) -> None:
        """Begin after the answer, and before the next message: the client does not wait for the imports."""
        asyncio.get_running_loop().call_soon(self._begin, params)

    def _begin(self, params: lsp.InitializeParams) -> None:
        from aotlens.session.session import Session

        from .context import Context
        from .notifications import Notifier
        from .places import Places
        from .requests.handlers import answer

        gc.freeze()  # all that is imported stays: the collector need not look at it
        gc.enable()
        server = self._server
        options: Any = params.initialization_options
        self._context = context = Context(
            client=server,
            documents=server.documents,
            encoding=server.encoding,
            capabilities=server.client_capabilities,
            offers=offers_in(options),
            log_lines=server.log_lines,
            notebooks=server.notebooks,
            places=Places(server.documents, server.notebooks, server.encoding),
        )
        self._notifier = Notifier(context)
        context.cursors.on_move = self._notifier.cursor_moved
        context.session = Session(self._notifier, server.documents, os.environ)
        server.open_texts = partial(_open_texts, context.session)
        server.cleanups += [context.session.kept.flush, context.session.end]
        server.answer_request = partial(answer, context)
        server.run_command = partial(_run_command, context)
        self._take_over(params, options)

    @property
    def _session(self) -> Session:
        return self._context.session

    def _take_over(self, params: lsp.InitializeParams, options: Any) -> None:
        """Take over what `initialize` says: folders, trust, settings for clients without `workspace/configuration`."""
        roots = [folder.uri for folder in params.workspace_folders or []]
        if not roots and params.root_uri:
            roots = [params.root_uri]
        elif not roots and params.root_path:
            roots = [Path(params.root_path).as_uri()]
        self._set_folders({uri: Path(path_of(uri)) for uri in roots})
        if isinstance(options, dict) and options.get("settings") is not None:
            self._initial = options["settings"]
            self._configure(self._initial)
        self._session.select(_interpreters(options))
        stated = options.get("trusted") if isinstance(options, dict) else None
        if stated is not None and parse_trust(stated) is None:
            _log.warning("initializationOptions: trusted is not true, false, or a list of folders: nothing is trusted")
        self._session.trusted_folders.state(self._server.trusted)

    async def initialized(self, params: lsp.InitializedParams) -> None:
        """Ask for the settings, and register for changes of settings and files."""
        workspace = self._context.capabilities.workspace
        registrations = []
        if workspace and (watched := workspace.did_change_watched_files) and watched.dynamic_registration:
            watchers = [lsp.FileSystemWatcher(pattern) for pattern in _WATCHED]
            registrations.append(
                lsp.Registration(
                    "aotlens-files",
                    lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                    lsp.DidChangeWatchedFilesRegistrationOptions(watchers),
                )
            )
        if workspace and (changed := workspace.did_change_configuration) and changed.dynamic_registration:
            options = lsp.DidChangeConfigurationRegistrationOptions(section="aotlens")
            registrations.append(lsp.Registration("aotlens-settings", lsp.WORKSPACE_DID_CHANGE_CONFIGURATION, options))
        if registrations:
            try:
                await self._context.client.client_register_capability_async(lsp.RegistrationParams(registrations))
            except Exception as error:  # the client refuses what it offered: then there are no such changes
                _log.warning("the client did not register: %s", error)
        await self._pull_settings()
        self._session.begin()

    def opened(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """`textDocument/didOpen`."""
        self._context.graphs.opened(params.text_document.uri)
        document = self._server.documents.get(params.text_document.uri)
        if document is not None:
            self._session.opened(document)
        else:
            self._leave_out(params.text_document.uri)

    def changed(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """`textDocument/didChange`."""
        uri = params.text_document.uri
        document = self._server.documents.get(uri)
        if document is None:
            if uri not in self._left_out:  # it has grown
                self._withdraw(uri)
                self._leave_out(uri)
        elif uri in self._left_out:
            self._left_out.discard(uri)
            self._session.opened(document)
        else:
            self._session.changed(document)
            if not self._context.offers.cursor and (line := _edited_line(params)) is not None:
                self._context.cursors.put(document, line)

    def saved(self, params: lsp.DidSaveTextDocumentParams) -> None:
        """`textDocument/didSave`."""
        self._session.saved(path_of(params.text_document.uri))

    def closed(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """`textDocument/didClose`."""
        self._context.graphs.closed(params.text_document.uri)
        self._left_out.discard(params.text_document.uri)
        self._withdraw(params.text_document.uri)

    def _withdraw(self, uri: str) -> None:
        """Forget what is known of a document that is not open any more."""
        path = path_of(uri)
        self._context.logs.closed(path)
        self._context.cursors.forget(path)
        self._notifier.withdraw(uri, path)
        self._session.closed(path)

    def _leave_out(self, uri: str) -> None:
        """Say in the log that a document is too large. A hover in it says so too."""
        if self._server.documents.is_too_large(uri):
            from aotlens.explain.large_files import too_large

            self._left_out.add(uri)
            _log.warning("%s: %s", uri, too_large())

    async def configuration_changed(self, params: lsp.DidChangeConfigurationParams) -> None:
        """`workspace/didChangeConfiguration`. Its settings count only if the client cannot be asked for them."""
        if not await self._pull_settings():
            settings: Any = params.settings
            self._configure(settings.get("aotlens") if isinstance(settings, dict) else None)

    def files_changed(self, params: lsp.DidChangeWatchedFilesParams) -> None:
        """`workspace/didChangeWatchedFiles`."""
        self._session.files_changed([path_of(change.uri) for change in params.changes])

    def folders_changed(self, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        """`workspace/didChangeWorkspaceFolders`."""
        removed = {folder.uri for folder in params.event.removed}
        added = {folder.uri: Path(path_of(folder.uri)) for folder in params.event.added}
        self._set_folders({uri: path for uri, path in self._folders.items() if uri not in removed} | added)

    def progress_cancelled(self, params: lsp.WorkDoneProgressCancelParams) -> None:
        """`window/workDoneProgress/cancel`."""
        self._notifier.cancelled(params.token)

    def trust_changed(self, params: Any) -> None:
        """`aotlens/didChangeTrust`."""
        self._session.trusted_folders.state(self._server.trusted)

    def interpreters_changed(self, params: Any) -> None:
        """`aotlens/didChangeInterpreters`."""
        self._session.select(_interpreters(params))

    def cursor_changed(self, params: Any) -> None:
        """`aotlens/didChangeCursor`."""
        from .notebooks.params import about_notebook
        from .requests.position import position_in, uri_in

        params, _ = about_notebook(self._context.notebooks, params)
        document = self._server.documents.get(uri_in(params, CHANGE_CURSOR))
        if document is not None:
            line = position_in(params, CHANGE_CURSOR).line + 1
            self._session.focus(document.path, line)
            self._context.cursors.put(document, line)

    def _set_folders(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        self._session.change_folders(folders.values())

    async def _pull_settings(self) -> bool:
        """Ask the client for the `aotlens` section. Gives whether it can be asked."""
        workspace = self._context.capabilities.workspace
        if not (workspace and workspace.configuration):
            return False
        items = [lsp.ConfigurationItem(section="aotlens")]
        try:
            answer = await self._context.client.workspace_configuration_async(lsp.ConfigurationParams(items))
        except Exception as error:  # the settings of before stay
            _log.warning("the client did not give its settings: %s", error)
            return True
        self._configure(answer[0] if answer else None)
        return True

    def _configure(self, section: Any) -> None:
        """Take over settings. Without a section, those given with `initialize` count."""
        from aotlens.session.settings import parse_settings

        settings, problems = parse_settings(self._initial if section is None else section)
        for problem in problems:
            _log.warning("%s", problem)
        logging.getLogger("aotlens").setLevel(settings.log_level.upper())
        self._session.configure(settings)


async def _run_command(context: Context, name: str, arguments: tuple[Any, ...]) -> Any:
    from .commands.handlers import run_command

    await context.session.reading.all()
    answer = run_command(context, name, arguments)
    return await answer if isinstance(answer, Awaitable) else answer


def _edited_line(params: lsp.DidChangeTextDocumentParams) -> int | None:
    """The line, from 1, at which the last edit ends; None if the client sent whole texts."""
    changes = params.content_changes
    if not changes or not isinstance(change := changes[-1], lsp.TextDocumentContentChangePartial):
        return None
    return change.range.start.line + 1 + change.text.count("\n")


def _interpreters(params: Any) -> dict[Path, Interpreter]:
    """The interpreters that the user selected, by folder; without those that have no path."""
    from aotlens.session.tracer.interpreter import Interpreter

    given = params.get("interpreters") if isinstance(params, dict) else None
    found = {}
    for uri, one in given.items() if isinstance(given, dict) else ():
        path, reason = (one.get("path"), one.get("reason")) if isinstance(one, dict) else (None, None)
        if isinstance(path, str) and path:
            found[Path(path_of(uri))] = Interpreter(path, str(reason or "selected in the editor"))
        else:
            _log.warning("the interpreter of %s has no path", uri)
    return found


def _open_texts(session: Session) -> dict[str, str]:
    """Return the texts of the trusted Python files that are open, by path."""
    documents, trust = session.documents.by_path.values(), session.trust
    shown = [each for each in documents if os.path.isabs(each.path) and each.path.endswith((".py", ".pyi", ENDING))]
    return {each.path: each.text for each in shown if trust.covers(each.path)}
