"""What ties the session to the client: documents, settings, folders, trust, watched files, the end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from aotlens.text.uris import path_of

from .capabilities import offers_in
from .protocol import CHANGE_TRUST

if TYPE_CHECKING:
    from aotlens.session.tracer.interpreter import Interpreter

    from .app import AotlensServer
    from .notifications import Notifier

_log = logging.getLogger(__name__)
CHANGE_INTERPRETERS = "aotlens/didChangeInterpreters"
"""The user selects interpreters in the editor: `{interpreters: {folder's uri: {path, reason}}}`."""
_WATCHED = ("**/*.py", "**/pyproject.toml")


def register(server: AotlensServer) -> None:
    """Give the server its session, and keep that informed."""
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


class _Lifecycle:
    _notifier: Notifier

    def __init__(self, server: AotlensServer) -> None:
        self._server = server
        self._folders: dict[str, Path] = {}
        self._initial: Any = None

    def initialize(self, params: lsp.InitializeParams) -> None:
        """Begin when this is answered, and before the next message: the client does not wait for what we import."""
        asyncio.get_running_loop().call_soon(self._begin, params)

    def _begin(self, params: lsp.InitializeParams) -> None:
        from aotlens.lsp.requests.requests import Handlers
        from aotlens.session.session import Session

        from .notifications import Notifier
        from .places import Places

        gc.freeze()  # all that is imported stays: nobody need look for garbage among it
        gc.enable()
        server = self._server
        self._notifier = Notifier(server)
        server.session = Session(self._notifier, server.documents, os.environ)
        server.cleanups.append(server.session.close_tracers)
        server.places = Places(server.documents, server.encoding)
        server.handlers = Handlers(server)
        self._take_over(params)

    def _take_over(self, params: lsp.InitializeParams) -> None:
        """Take over what `initialize` says: folders, trust, settings for clients without `workspace/configuration`."""
        server = self._server
        roots = [folder.uri for folder in params.workspace_folders or []]
        if not roots and params.root_uri:
            roots = [params.root_uri]
        elif not roots and params.root_path:
            roots = [Path(params.root_path).as_uri()]
        self._set_folders({uri: Path(path_of(uri)) for uri in roots})
        options: Any = params.initialization_options
        if isinstance(options, dict) and options.get("settings") is not None:
            self._initial = options["settings"]
            self._configure(self._initial)
        server.offers = offers_in(options)
        server.session.select(self._interpreters(options))
        server.session.trusted = server.trusted

    async def initialized(self, params: lsp.InitializedParams) -> None:
        """Ask for the settings, and to be told of changes of them and of files."""
        workspace = self._server.client_capabilities.workspace
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
                await self._server.client_register_capability_async(lsp.RegistrationParams(registrations))
            except Exception as error:  # the client refuses what it offered: then we do without
                _log.warning("the client did not register: %s", error)
        await self._pull_settings()
        self._server.session.begin()

    def opened(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """`textDocument/didOpen`."""
        document = self._server.documents.get(params.text_document.uri)
        if document is not None:
            self._server.session.opened(document)

    def changed(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """`textDocument/didChange`."""
        document = self._server.documents.get(params.text_document.uri)
        if document is not None:
            self._server.session.changed(document)

    def saved(self, params: lsp.DidSaveTextDocumentParams) -> None:
        """`textDocument/didSave`."""
        self._server.session.saved(path_of(params.text_document.uri))

    def closed(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """`textDocument/didClose`."""
        path = path_of(params.text_document.uri)
        self._notifier.withdraw(params.text_document.uri, path)
        self._server.session.closed(path)

    async def configuration_changed(self, params: lsp.DidChangeConfigurationParams) -> None:
        """`workspace/didChangeConfiguration`: what is sent counts where the client cannot be asked."""
        if not await self._pull_settings():
            settings: Any = params.settings
            self._configure(settings.get("aotlens") if isinstance(settings, dict) else None)

    def files_changed(self, params: lsp.DidChangeWatchedFilesParams) -> None:
        """`workspace/didChangeWatchedFiles`."""
        self._server.session.files_changed([path_of(change.uri) for change in params.changes])

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
        self._server.session.trust(self._server.trusted)

    def interpreters_changed(self, params: Any) -> None:
        """`aotlens/didChangeInterpreters`."""
        self._server.session.select(self._interpreters(params))

    def _interpreters(self, params: Any) -> dict[Path, Interpreter]:
        """What is selected in the editor, by folder: `{"interpreters": {uri: {"path": ..., "reason": ...}}}`."""
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

    def _set_folders(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        self._server.session.change_folders(folders.values())

    async def _pull_settings(self) -> bool:
        """Ask the client for the `aotlens` section; whether it can be asked."""
        workspace = self._server.client_capabilities.workspace
        if not (workspace and workspace.configuration):
            return False
        items = [lsp.ConfigurationItem(section="aotlens")]
        try:
            answer = await self._server.workspace_configuration_async(lsp.ConfigurationParams(items))
        except Exception as error:  # whatever the client answers, we go on with what we have
            _log.warning("the client did not give its settings: %s", error)
            return True
        self._configure(answer[0] if answer else None)
        return True

    def _configure(self, section: Any) -> None:
        """Take over settings. A client that has none in its configuration may have given some with `initialize`."""
        from aotlens.session.settings import parse_settings

        settings, problems = parse_settings(self._initial if section is None else section)
        for problem in problems:
            _log.warning("%s", problem)
        logging.getLogger("aotlens").setLevel(settings.log_level.upper())
        self._server.session.configure(settings)
