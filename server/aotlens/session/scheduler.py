"""Decides which target is traced next, and traces one after another."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from aotlens.model.snapshot import Status, TargetKey, TargetState

from .client import Client
from .queue import Queue, Ranking
from .states import States
from .tracing import Outcome, Tracing
from .workspace import Workspace


class Scheduler:
    """The queue of targets and the one trace that is running. `on_traced` is set by the session."""

    def __init__(
        self, client: Client, workspace: Workspace, states: States, ranking: Ranking, tracing: Tracing
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._states = states
        self._tracing = tracing
        self._queue = Queue(ranking.rank)
        self._worker: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._running: tuple[TargetKey, asyncio.Task[Outcome | None]] | None = None
        self.on_traced: Callable[[TargetKey, Outcome], None] = lambda key, outcome: None

    def add(self, keys: Iterable[TargetKey]) -> None:
        """Trace these targets in time.

        Nothing is traced before the workspace is trusted, and no text that is in no file.
        """
        if not self._workspace.trusted:
            return
        for key in keys:
            if not key.is_in_file:
                continue
            self._queue.add(key)
            state = self._states.get(key) or TargetState(key)
            if state.status != "tracing":
                self._states.update([replace(state, status="waiting")])
        if self._queue and (self._worker is None or self._worker.done()):
            self._worker = asyncio.ensure_future(self._work())

    def cancel(self, key: TargetKey, status: Status | None = None) -> None:
        """Do not trace a target, or stop its trace. Its status becomes the given one, or the one from before."""
        self._queue.remove(key)
        self._states.rest([key], status)
        self.interrupt([key])

    def cancel_waiting(self) -> None:
        """Cancel all targets that wait, because the user says so."""
        self._states.rest(self._queue.clear(), "cancelled")

    def interrupt(self, keys: Collection[TargetKey]) -> None:
        """Stop the running trace if it is of one of these targets."""
        if self._running is not None and self._running[0] in keys:
            self._running[1].cancel()

    def interrupt_running(self) -> list[TargetKey]:
        """Stop the running trace. Returns its target, if there is one."""
        if self._running is None:
            return []
        key, task = self._running
        task.cancel()
        return [key]

    def stop(self) -> None:
        """Stop the running trace and forget all targets that wait."""
        self._states.rest(self._queue.clear())
        if self._warming is not None:
            self._warming.cancel()
        self.interrupt_running()

    async def _work(self) -> None:
        await self._workspace.configured.wait()
        while self._queue:
            # The next target is chosen when its tracer is ready: the user may have moved by then.
            self._warming = asyncio.ensure_future(self._warm_up())
            await asyncio.wait([self._warming])
            key = self._queue.take()
            if key is None:
                return
            cancel = functools.partial(self.cancel, key, "cancelled")
            task = asyncio.ensure_future(self._tracing.trace(key, cancel))
            self._running = (key, task)
            await asyncio.wait([task])
            self._running = None
            self._traced(key, task)

    async def _warm_up(self) -> None:
        key = self._queue.first()
        if key is not None and not await self._tracing.prepare(key, self.cancel_waiting):
            self._queue.remove(key)

    def _traced(self, key: TargetKey, task: asyncio.Task[Outcome | None]) -> None:
        if task.cancelled():
            if key not in self._queue:
                self._states.rest([key])
        elif (error := task.exception()) is not None:
            self._client.log("error", f"tracing {key.qualname}: {type(error).__name__}: {error}")
            self._tracing.fail(key, "capture", f"aotlens itself failed: {error}")
        elif (outcome := task.result()) is not None:
            self.on_traced(key, outcome)
