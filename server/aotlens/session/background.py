"""Coroutines that run in the background, and calls that are delayed until typing pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Background:
    """Runs coroutines whose results nobody awaits. An error in one of them is reported."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._tasks: set[asyncio.Task[None]] = set()  # the event loop itself holds tasks only weakly

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a coroutine."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    @property
    def is_idle(self) -> bool:
        """Whether no coroutine runs."""
        return not self._tasks

    async def rest(self) -> None:
        """Wait until no coroutine runs."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(f"{type(error).__name__}: {error}")


class Delayed:
    """Calls a function with a path some seconds later, once for several events."""

    def __init__(self, seconds: float, function: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._function = function
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._timers

    def start(self, path: str) -> None:
        """Call the function after the delay. While a call is pending, this has no effect."""
        if path not in self._timers:
            self._timers[path] = asyncio.get_running_loop().call_later(self._seconds, self._call, path)

    def restart(self, path: str) -> None:
        """Call the function after the delay, counted from now."""
        self._cancel(path)
        self.start(path)

    def call_now(self, path: str) -> None:
        """Make a pending call immediately."""
        if self._cancel(path):
            self._function(path)

    def _cancel(self, path: str) -> bool:
        timer = self._timers.pop(path, None)
        if timer is not None:
            timer.cancel()
        return timer is not None

    def _call(self, path: str) -> None:
        del self._timers[path]
        self._function(path)
