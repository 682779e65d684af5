"""Progress that is shown only if something takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

PROGRESS_AFTER = 0.5
"""Seconds after which progress is shown."""


class Progress(Protocol):
    """Progress that is being shown."""

    def report(self, message: str) -> None:
        """Show what is being done."""

    def end(self) -> None:
        """Stop showing the progress."""


class Shown:
    """A context manager whose body shows progress if it takes long. `begin` begins to show it."""

    def __init__(self, begin: Callable[[], Progress]) -> None:
        self._begin = begin
        self._progress: Progress | None = None
        self._last = ""

    def report(self, message: str) -> None:
        """Show what is being done, now or as soon as the progress is shown."""
        self._last = message
        if self._progress is not None:
            self._progress.report(message)

    def __enter__(self) -> Shown:
        self._timer = asyncio.get_running_loop().call_later(PROGRESS_AFTER, self._show)
        return self

    def _show(self) -> None:
        self._progress = self._begin()
        if self._last:
            self._progress.report(self._last)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._progress is not None:
            self._progress.end()
