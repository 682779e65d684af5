"""The state of the language server: documents, targets, their maps, and traces. Lives on the event loop.

This is the facade for the LSP edge; each subject has a file of its own. Features read immutable snapshots.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens.model.trust import Trust
from aotlens.text.documents import Document, Documents
from aotlens_tracer.wire.protocol import Convention

from . import scratch
from .automatic import AutomaticTraces
from .background import Background
from .batch import Batch
from .choices import ExampleChoices
from .client import Client
from .conventions import Conventions
from .examples.known import ExampleMemory
from .kept.keeper import KeptMaps
from .locks import Locks
from .log_files import LogFiles
from .log_models import LogModels
from .open_files import OpenFiles
from .project_file import LOCK_NAME
from .queue import Ranking
from .reading import Reading
from .scheduler import Scheduler
from .settings import Settings
from .staleness import Staleness, needs_new_maps, needs_new_process
from .states import States
from .targets import Targets
from .traced_texts import TracedTexts
from .tracer.interpreter import Interpreter
from .tracer.pool import TracerPool
from .tracing import Tracing
from .trusted_folders import TrustedFolders
from .workspace import Workspace


class Session:
    """Receives what the client and the user do, and passes it on to the parts that it concerns."""

    def __init__(
        self, client: Client, documents: Documents, environment: Mapping[str, str], batch: Batch | None = None
    ) -> None:
        """Begin without a document. `batch` is what a session without an editor shares with others of its kind."""
        self.documents = documents
        self.reading = Reading(documents)
        """Reads large documents; snapshots lack those that are not read yet."""
        self._client = client
        self._background = Background(lambda message: client.log("error", message))
        self._workspace = Workspace()
        self._open_files = OpenFiles(lambda: client.states_changed([]))
        self._locks = Locks(self._workspace, documents, self._background, client)
        self._examples = ExampleMemory(batch.call_sites if batch is not None else None)
        self._states = states = States(client.states_changed)
        pool = batch.tracers if batch is not None else TracerPool(environment, client.status_changed, client.log)
        self._tracers = pool
        self._ranking = Ranking(states, self._examples.depth, lambda path: path in documents.by_path)
        texts = TracedTexts()
        self._tracing = Tracing(
            client, self._workspace, documents, self._open_files, states, self._examples, self._tracers, texts
        )
        self._scheduler = Scheduler(
            client, self._workspace, documents, self._open_files, states, self._ranking, self._tracing
        )
        self.kept = KeptMaps(
            client,
            self._workspace,
            documents,
            states,
            lambda state: self._tracing.basis(state.key, state.convention).without_examples(),
            self._tracing.tracer_for,
            is_cache=batch is not None,
        )
        """The maps that are kept on disk from one session to the next."""
        self._tracing.on_finished = lambda *finished: self._background.run(self.kept.keep(*finished))
        if batch is not None:
            self._tracing.kept_answer = self.kept.answer
        self._staleness = Staleness(self._workspace, documents, states, texts)
        self._automatic = AutomaticTraces(
            self._workspace, documents, self._open_files, states, self._scheduler, self._staleness
        )
        self._scheduler.on_traced = self._automatic.traced
        self._targets = Targets(
            client,
            self._workspace,
            documents,
            self.reading,
            states,
            self._examples,
            self._ranking,
            self._scheduler,
            self._automatic,
        )
        self.trusted_folders = TrustedFolders(
            client,
            self._workspace,
            documents,
            states,
            self._scheduler,
            self._automatic,
            self.kept,
            self._background,
            self._locks.look_soon,
            self.close_tracers,
        )
        """Follows the user's trust."""
        self.conventions = Conventions(self._workspace, states, self._scheduler)
        """Which convention of a target is shown."""
        self.choices = ExampleChoices(self._examples, self.trace_now)
        """The user's choices among the examples of a target."""
        self.log_files = LogFiles(self._workspace, documents)
        """Finds the files that the paths in logs stand for."""
        self.log_models = LogModels(self._workspace, documents, states, self._scheduler, self._background)
        """Traces the models that open logs are about."""

    @property
    def settings(self) -> Settings:
        """The settings of the client."""
        return self._workspace.settings

    @property
    def trust(self) -> Trust:
        """The files whose code may run."""
        return self._workspace.trust

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the workspace."""
        return self._workspace.folders

    def snapshot(self) -> Snapshot:
        """Return the state of this moment, for the features."""
        return Snapshot(
            self.reading.by_path(),
            self._states.by_key,
            self._states.contexts,
            self._workspace.trust,
            self._open_files.excluded,
            self._workspace.is_manual,
            self._open_files.read_only,
            self._locks.by_path,
        )

    # Documents and files.

    def opened(self, document: Document) -> None:
        """A document was opened: find its targets, and trace them unless the user traces by hand."""
        self._open_files.open(document.path, document.version, self.settings)
        if not document.is_large:
            self._targets.learn(document)
        self._staleness.opened(document)
        is_in_file = os.path.isabs(document.path)  # else it is a URI, which may have any character
        if is_in_file:
            self._background.run(self._open_files.look_at_permissions(document.path))
            self._locks.look_soon(document.path)
        self._background.run(self._targets.read_project(document.path))
        self._background.run(self._targets.learn_structure(document.path))
        if is_in_file and document.is_python:
            folder = self._workspace.folder_of(document.path)
            self._background.run(self._targets.learn_called_steps(document, folder))

        def look_for_maps(path: str) -> None:
            self._background.run(self.kept.restore(path))
            self._automatic.trace_open(path)

        if document.is_large:
            self._background.run(self._targets.learn_large(document.path, look_for_maps))
        else:
            look_for_maps(document.path)

    def changed(self, document: Document) -> None:
        """A document was edited: its maps are stale, and it may be traced again when typing pauses."""
        self._open_files.unsaved.add(document.path)
        self._targets.learn_soon(document.path)
        self._staleness.edited(document.path)
        self._automatic.edited(document.path)

    def saved(self, path: str) -> None:
        """A document was saved."""
        self._open_files.save(path)
        self._locks.look_again()  # a client need not watch files
        document = self.documents.by_path.get(path)
        if document is not None and document.is_large:
            self._background.run(self._targets.learn_large(path, self._automatic.saved))
        else:
            self._targets.learn_now(path)  # the targets to trace may have been written just now
            self._automatic.saved(path)

    def closed(self, path: str) -> None:
        """A document was closed."""
        was_unsaved = self._open_files.close(path)
        self._locks.closed(path)
        self._targets.forget_cut(path)
        self._targets.closed(path)
        self._scheduler.closed()
        changed = self._staleness.closed(path, was_unsaved)
        self._background.run(self._trace_unless_gone(path, changed))

    def files_changed(self, paths: Iterable[str]) -> None:
        """Files changed on disk, outside the editor, for example by a checkout."""
        for path in paths:
            if path.endswith("pyproject.toml"):
                for open_path in self.documents.by_path:
                    self._background.run(self._targets.read_project(open_path))
            elif path.endswith(LOCK_NAME):
                self._locks.look_again()
            elif changed := self._staleness.changed_on_disk(path):
                self._background.run(self._trace_unless_gone(path, changed))

    # The workspace.

    def begin(self) -> None:
        """Start to trace: the client's settings are known, or the client turned out to have none."""
        self._workspace.configured.set()
        self._automatic.trace_open()

    def change_folders(self, folders: Iterable[Path]) -> None:
        """The workspace has other folders."""
        before, trusted_before = self.folders, self.trust
        moved = self._staleness.folders_changed(folders)
        self.trusted_folders.follow(trusted_before)
        self._automatic.trace(moved)
        for tracer in self._tracers.leave([folder for folder in before if folder not in self.folders]):
            self._background.run(tracer.close())

    def configure(self, settings: Settings) -> None:
        """Settings changed. Those that a trace depends on make every map stale."""
        before, self._workspace.settings = self.settings, settings
        self._open_files.exclude(self.documents.by_path, settings)
        self._tracing.forget_problems()
        self.conventions.follow_setting()
        if needs_new_maps(before, settings):
            self._staleness.all_outdated()
            self._trace_anew(needs_new_process(before, settings))
        elif before.trace_dynamic != settings.trace_dynamic:
            self._automatic.trace(self._states.present(self._staleness.compiled_outdated()))
        elif (before.trace_run, before.trace_exclude) != (settings.trace_run, settings.trace_exclude):
            self._automatic.trace_open(only_untraced=True)
        self._client.states_changed(list(self._states.by_key))

    def select(self, interpreters: Mapping[Path, Interpreter]) -> None:
        """The user selected interpreters in the editor, by folder."""
        if self._workspace.selected == interpreters:
            return
        self._workspace.selected = dict(interpreters)
        self._tracing.forget_problems()
        if self._workspace.configured.is_set():
            self._staleness.all_outdated()
            self._trace_anew(new_tracers=True)

    def focus(self, path: str, line: int) -> None:
        """The user is at this place: its target is traced first."""
        self._ranking.focus(path, line)

    # Commands.

    def trace_now(self, keys: Iterable[TargetKey], convention: Convention | None = None) -> None:
        """Trace these targets, because the user asks for it, regardless of the settings.

        `convention` is the one to trace, which need not be shown; None for the one that is shown.
        """
        self._tracers.forgive()
        for key in keys:
            state = self._states.get(key)
            if state is not None and convention not in (state.convention, None):
                self._scheduler.add_other([key])
            else:
                self._scheduler.add([key])

    def choose_context(self, of: TargetKey, context: TargetKey) -> None:
        """Let the map of `context` answer for the class `of`."""
        self._states.choose_context(of, context)

    def cancel(self, key: TargetKey) -> None:
        """Stop tracing a target, because the user says so."""
        self._scheduler.cancel([key], "cancelled")

    async def restart(self) -> None:
        """End all tracers, and trace again what is open."""
        states = self._states.of_files(self.documents.by_path)
        keys = [state.key for state in states if state.map is not None or self._workspace.includes(state)]
        await self._replace_tracers(keys)

    async def rest(self) -> None:
        """Wait until everything is traced that is to be traced, and all that follows from it is done."""
        while not (self._background.is_idle and self._scheduler.is_idle):
            await self._background.rest()
            await self._scheduler.rest()

    async def close_tracers(self) -> None:
        """End all tracers and their traces."""
        self._scheduler.stop()
        await self._tracers.close()

    async def end(self) -> None:
        """End all tracers, and remove the files that the server and they have made."""
        try:
            await self.close_tracers()
        finally:
            scratch.remove()

    def _trace_anew(self, new_tracers: bool) -> None:
        """Trace again what is traced automatically and what is being traced, with the settings of today."""
        if not self._workspace.configured.is_set():
            return
        states = [] if self._workspace.is_manual else self._states.all()
        keys = [state.key for state in states if self._workspace.includes(state)]
        keys += self._scheduler.interrupt_running()
        if new_tracers:
            self._background.run(self._replace_tracers(keys))
        else:
            self._scheduler.add(keys)

    async def _replace_tracers(self, keys: list[TargetKey]) -> None:
        await self.close_tracers()
        self._scheduler.add(keys)

    async def _trace_unless_gone(self, path: str, keys: Iterable[TargetKey]) -> None:
        """Forget the targets of a file if it no longer exists, and trace again the others of these targets."""
        await self._targets.forget_if_gone(path)
        self._automatic.trace(self._states.present(keys))
