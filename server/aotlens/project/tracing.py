"""Traces files as an editor would that opens each of them alone, several at the same time.

What is found out about a file does not depend on the other files of the command, nor on their order.
"""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from aotlens.explain.own_failures import unreadable, without_tracer
from aotlens.explain.unread_files import why_unread
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.model.trust import EVERYWHERE
from aotlens.session.batch import Batch
from aotlens.session.examples.searched_files import search_folder
from aotlens.session.files import read_python
from aotlens.session.session import Session
from aotlens.session.settings import Settings
from aotlens.session.tracer.environments import interpreter_of_folder
from aotlens.session.tracer.interpreter import NoSuchInterpreter
from aotlens.session.tracer.pool import TracerPool
from aotlens.session.tracer.status import TracerStatus
from aotlens.syntax.source import UnreadableSource
from aotlens.text.documents import Document, Documents
from aotlens.text.uris import uri_of
from aotlens_tracer.wire.failures import Failure, stated

from .listener import Listener, Silent, Watcher
from .options import DEFAULTS, ProjectOptions
from .problems import Misuse
from .retained import Retain, everything
from .selection import Selected


class CannotTrace(Exception):
    """The interpreter cannot trace: nothing of the project was traced."""

    def __init__(self, status: TracerStatus) -> None:
        super().__init__(status.message or "the tracer cannot run")
        self.status = status


@dataclass(frozen=True)
class TracedProject:
    """The texts and the targets of some files. Their order is that of the selection.

    The snapshot has all files as documents, and all targets of them that were asked for, with those that their traces
    led to. `unread` has the failure of each file that is no document: it cannot be read, or nothing can trace it.
    """

    selected: tuple[Selected, ...]
    snapshot: Snapshot
    unread: Mapping[str, Failure]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that were asked for, each once."""
        return tuple(dict.fromkeys(each.path for each in self.selected))

    @property
    def whole(self) -> tuple[str, ...]:
        """Those of these files of which every target was asked for."""
        return tuple(dict.fromkeys(each.path for each in self.selected if each.qualname is None))

    @property
    def targets(self) -> tuple[TargetState, ...]:
        """The targets of these files, in the order of the files and of their text."""
        asked = set(self.paths)
        return tuple(state for state in self.snapshot.states.values() if state.key.path in asked)


def trace_project(
    selected: Sequence[Selected],
    options: ProjectOptions = DEFAULTS,
    watcher: Watcher | None = None,
    texts: Mapping[str, str] = MappingProxyType({}),
    retain: Retain = everything,
) -> TracedProject:
    """Trace every target of some files, or the one that is asked for. Raises Misuse and CannotTrace.

    `texts` are the unsaved texts of files, by absolute path, and `retain` makes of each target what stays in memory of
    it. This runs an event loop of its own. At its end no process is left.
    """
    return asyncio.run(_Run(options, watcher or Silent(), texts, retain).all(selected))


class _Run:
    """The traces of one command."""

    def __init__(self, options: ProjectOptions, watcher: Watcher, texts: Mapping[str, str], retain: Retain) -> None:
        self._options = options
        self._watcher = watcher
        self._texts = texts
        self._retain = retain
        self._documents: dict[str, Document] = {}
        self._states: dict[Selected, list[TargetState]] = {}
        self._unread: dict[str, Failure] = {}
        self._broken: dict[str, TracerStatus] = {}
        """The interpreters that cannot trace, by path."""
        self._without: dict[Selected, TracerStatus] = {}
        """The files that have no tracer, with the reason."""

    async def all(self, selected: Sequence[Selected]) -> TracedProject:
        """Trace all files."""
        jobs = self._options.jobs_for(len(selected))
        self._watcher.began(len(selected), jobs)
        waiting = list(reversed(selected))
        workers = [asyncio.ensure_future(self._work(waiting, self._options.settings(jobs))) for _ in range(jobs)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        if self._without and not any(self._states.values()):
            raise CannotTrace(next(iter(self._without.values())))
        # The answers of a file about its own targets go before those of another file about them.
        states: dict[TargetKey, TargetState] = {}
        for own in (True, False):
            for each in selected:
                for state in self._states.get(each, ()):
                    if (state.key.path == each.path) is own:
                        states.setdefault(state.key, state)
        documents = {each.path: self._documents[each.path] for each in selected if each.path in self._documents}
        return TracedProject(tuple(selected), Snapshot(documents, states), self._unread)

    async def _work(self, waiting: list[Selected], settings: Settings) -> None:
        """Trace one file after another, with tracers of its own."""
        listener = Listener(self._watcher)
        pool = TracerPool(os.environ, listener.status_changed, listener.log)
        batch = Batch(pool)
        try:
            while waiting:
                each = waiting.pop()
                status = await asyncio.to_thread(self._why_broken, each) if self._broken else None
                if status is None:
                    await self._trace(each, settings, batch, listener)
                    status, listener.unusable = listener.unusable, None
                    if status is not None and status.state == "unusable":
                        self._broken[status.interpreter.path] = status
                    elif status is not None:  # the code of this file ends tracers: others get a new one
                        await pool.close()
                        batch = Batch(pool)
                if status is not None:
                    self._leave_out(each, status)
                self._watcher.finished(each.path)
        finally:
            await pool.close()

    def _why_broken(self, selected: Selected) -> TracerStatus | None:
        """Why the interpreter of a file cannot trace, if that is known. Reads folders."""
        folder = search_folder(Path(selected.path))
        try:
            found = interpreter_of_folder(folder, self._options.python, None, os.environ, EVERYWHERE)
        except NoSuchInterpreter:
            return None  # the trace says it
        return self._broken.get(found.path)

    def _leave_out(self, selected: Selected, status: TracerStatus) -> None:
        """Remember that a file could not be traced, which says nothing about its code. The others go on."""
        self._without[selected] = status
        self._unread[selected.path] = stated("target", "error", without_tracer(status.message), selected.path)
        self._documents.pop(selected.path, None)
        self._states.pop(selected, None)

    async def _trace(self, selected: Selected, settings: Settings, batch: Batch, listener: Listener) -> None:
        """Trace a file in a session of its own, and keep what it has found out."""
        documents = Documents()
        document = self._opened(selected.path, documents)
        if document is None:
            return
        for path, text in self._texts.items():  # what the file imports may be unsaved too
            if path != selected.path:
                documents.open(uri_of(path), 1, text, "python")
        if selected.qualname is not None:
            settings = replace(settings, trace_run="manual")
        session = listener.session = Session(listener, documents, os.environ, batch)
        session.change_folders([search_folder(Path(selected.path))])
        session.trusted_folders.state(True)
        session.configure(settings)
        session.begin()
        session.opened(document)
        await session.rest()
        if selected.qualname is not None:
            session.trace_now([_target(session, selected.path, selected.qualname)])
            await session.rest()
        await session.kept.flush()
        states = session.snapshot().states.values()
        self._documents[selected.path] = document
        self._states[selected] = [self._retain(state) for state in states if state.status != "untraced"]

    def _opened(self, path: str, documents: Documents) -> Document | None:
        """The document of a file; None if it cannot be read, which is remembered."""
        try:
            text = self._texts[path] if path in self._texts else read_python(path)
            document = documents.open(uri_of(path), 1, text, "python")
        except UnreadableSource as error:
            self._unread[path] = unreadable(error.path, error.line, error.reason)
            return None
        except OSError as error:
            self._unread[path] = stated("target", "error", f"it cannot be read: {why_unread(error)}", path)
            return None
        if document is None:
            self._unread[path] = stated("target", "error", "it is too large to be read as code that people write", path)
        return document


def _target(session: Session, path: str, qualname: str) -> TargetKey:
    """The target of a file with this name. Raises Misuse if there is none."""
    known = [key.qualname for key in session.snapshot().states if key.path == path]
    if qualname in known:
        return TargetKey(path, qualname)
    near = difflib.get_close_matches(qualname, known, n=1)
    rest = f"did you mean {near[0]}?" if near else "its targets are " + (", ".join(known) or "none")
    raise Misuse(f"{path} has no target {qualname}: {rest}")
