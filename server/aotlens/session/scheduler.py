"""Decides which target is traced next, and traces one after another."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from aotlens.model.snapshot import Status, TargetKey, other_than
from aotlens.text.documents import Documents
from aotlens_tracer.wire.protocol import Convention

from .client import Client
from .open_files import OpenFiles
from .queue import Queue, Ranking
from .states import States
from .tracing import Outcome, Tracing
from .workspace import Workspace


@dataclass(frozen=True)
class _Running:
    """The trace that is running. `is_unseen` says that it is one of the convention that is not shown.

    `versions` are those of the open documents when it began.
    """

    key: TargetKey
    convention: Convention
    is_unseen: bool
    versions: Mapping[str, int]
    task: asyncio.Task[Outcome | None]


class Scheduler:
    """The queue of targets and the one trace that is running. `on_traced` is set by the session.

    Targets whose other convention is to be traced have a queue of their own. It waits until the first one is empty, and
    its traces give way to all others. The trace of a file that is not open gives way to those of open files: code that
    does not end would hold them up for as long as a trace may take. It begins again when nothing else waits.
    """

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        documents: Documents,
        open_files: OpenFiles,
        states: States,
        ranking: Ranking,
        tracing: Tracing,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._documents = documents
        self._open_files = open_files
        self._states = states
        self._tracing = tracing
        self._queue = Queue(ranking.rank)
        self._unseen = Queue(ranking.rank)
        self._worker: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._running: _Running | None = None
        self.on_traced: Callable[[TargetKey, Outcome], None] = lambda key, outcome: None

    def add(self, keys: Iterable[TargetKey]) -> None:
        """Trace these targets in time, in the convention that is shown. A trace of an older text of one of them ends.

        Nothing is traced outside the trusted folders, and no text that is in no file.
        """
        trust = self._workspace.trust
        for key in keys:
            if not key.is_in_file or not trust.covers(key.path):
                continue
            self._queue.add(key)
            state = self._states.get(key) or self._states.new(key)
            if state.status != "tracing" or self._end_superseded(key):
                self._states.update([replace(state, status="waiting", stage=None)])
        if self._queue:
            self._give_way()
            self._start()

    def add_other(self, keys: Iterable[TargetKey]) -> None:
        """Trace these targets in the convention that is not shown, when there is nothing else to do."""
        trust = self._workspace.trust
        known = self._states.present(keys)
        states = [state for state in known if state.key.is_in_file and trust.covers(state.key.path)]
        if not states:
            return
        for state in states:
            self._unseen.add(state.key)
        self._states.update([replace(state, other=replace(state.other, is_under_way=True)) for state in states])
        self._start()

    def add_turned(self, keys: Iterable[TargetKey]) -> None:
        """Trace these targets, which show another convention since now. A trace of it that is running goes on."""
        running = self._running
        for state in self._states.present(keys):
            self._unseen.remove(state.key)
            if running is not None and running.key == state.key and not running.task.done():
                if running.convention == state.convention:
                    self._running = replace(running, is_unseen=False)
                    self._states.update([replace(state, status="tracing")])
                    continue
                running.task.cancel()
            self.add([state.key])

    def closed(self) -> None:
        """A document was closed: a trace of it does not hold up those of the others."""
        if self._queue:
            self._give_way()

    def drop(self, keys: Collection[TargetKey]) -> None:
        """Do not trace these targets, or stop their trace: they show a map that is good already."""
        for key in keys:
            self._queue.remove(key)
            self._unseen.remove(key)
        self.interrupt(keys)

    def cancel(self, keys: Collection[TargetKey], status: Status | None = None) -> None:
        """Do not trace targets, or stop their trace. Their status becomes the given one, or the one from before."""
        self._states.rest(keys, status)
        self._states.rest_other(keys)
        self.drop(keys)

    def cancel_waiting(self) -> None:
        """Cancel all targets that wait, because the user says so."""
        self._states.rest(self._queue.clear(), "cancelled")

    def interrupt(self, keys: Collection[TargetKey]) -> None:
        """Stop the running trace if it is of one of these targets."""
        if self._running is not None and self._running.key in keys:
            self._running.task.cancel()

    def interrupt_running(self) -> list[TargetKey]:
        """Stop the running trace. Returns its target, if there is one and its trace was to be shown."""
        if self._running is None:
            return []
        self._running.task.cancel()
        return [] if self._running.is_unseen else [self._running.key]

    def stop(self) -> None:
        """Stop the running trace and forget all targets that wait."""
        self._states.rest(self._queue.clear())
        self._states.rest_other(self._unseen.clear())
        if self._warming is not None:
            self._warming.cancel()
        self.interrupt_running()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is traced and nothing waits for it."""
        return self._worker is None or self._worker.done()

    async def rest(self) -> None:
        """Wait until nothing is traced and nothing waits for it."""
        while self._worker is not None and not self._worker.done():
            await asyncio.wait([self._worker])

    def _start(self) -> None:
        if (self._queue or self._unseen) and (self._worker is None or self._worker.done()):
            self._worker = asyncio.ensure_future(self._work())

    def _give_way(self) -> None:
        """End a running trace for which the ones that wait are too important, and make it later."""
        running, first = self._running, self._queue.first()
        if running is None or running.task.done():
            return
        opened = self._documents.by_path
        if running.is_unseen:
            self._unseen.add(running.key)
            running.task.cancel()
        elif running.key.path not in opened and first is not None and first.path in opened:
            self._queue.add(running.key)
            self._states.update(replace(s, status="waiting", stage=None) for s in self._states.present([running.key]))
            running.task.cancel()

    def _end_superseded(self, key: TargetKey) -> bool:
        """End the running trace if it is of this target, and of a text that is no longer that of its documents."""
        running = self._running
        if running is None or running.key != key or running.is_unseen or running.task.done():
            return False
        read = self._open_files.versions_read(running.versions)
        if all(read.get(path) == document.version for path, document in self._documents.by_path.items()):
            return False
        running.task.cancel()
        return True

    def _versions(self) -> Mapping[str, int]:
        return {path: document.version for path, document in self._documents.by_path.items()}

    async def _work(self) -> None:
        await self._workspace.configured.wait()
        while self._queue or self._unseen:
            running = await self._next() if self._queue else self._next_unseen()
            if running is None:
                continue
            self._running = running
            await asyncio.wait([running.task])
            running, self._running = self._running, None
            self._traced(running)

    async def _next(self) -> _Running | None:
        # The next target is chosen when its tracer is ready: the user may have moved by then.
        self._warming = asyncio.ensure_future(self._warm_up())
        await asyncio.wait([self._warming])
        key = self._queue.take()
        state = self._states.get(key) if key is not None else None
        if state is None:
            return None
        cancel = functools.partial(self.cancel, [state.key], "cancelled")
        task = asyncio.ensure_future(self._tracing.trace(state.key, state.convention, cancel))
        return _Running(state.key, state.convention, False, self._versions(), task)

    def _next_unseen(self) -> _Running | None:
        key = self._unseen.take()
        state = self._states.get(key) if key is not None else None
        if state is None:
            return None
        convention = other_than(state.convention)
        task = asyncio.ensure_future(self._tracing.trace_other(state.key, convention))
        return _Running(state.key, convention, True, self._versions(), task)

    async def _warm_up(self) -> None:
        key = self._queue.first()
        state = self._states.get(key) if key is not None else None
        if state is not None and not await self._tracing.prepare(state.key, state.convention, self.cancel_waiting):
            self._queue.remove(state.key)

    def _traced(self, running: _Running) -> None:
        key, task = running.key, running.task
        if task.cancelled():
            if key not in self._queue:
                self._states.rest([key])
            if key not in self._unseen:
                self._states.rest_other([key])
        elif (error := task.exception()) is not None:
            self._client.log("error", f"tracing {key.qualname}: {type(error).__name__}: {error}")
            self._tracing.fail(key, running.convention, "capture", f"aotlens itself failed: {error}")
        elif (outcome := task.result()) is not None:
            self.on_traced(key, outcome)
