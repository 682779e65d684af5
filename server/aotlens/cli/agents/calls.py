"""One call of a tool while it runs in a thread: what it says to the agent, and how it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

from aotlens.cli.output import path_label
from aotlens.explain.states import stage_in_words
from aotlens.explain.visible import visible, visible_line
from aotlens.model.snapshot import TargetKey

_T = TypeVar("_T")


class Stopped(Exception):
    """The agent does not want the answer any more."""


class Call:
    """Is told what is being done, by `aotlens trace` (`cli.progress.Told`) and by `check` (`project.listener.Watcher`).

    `say` gets each message. It is called in the thread of the call.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._what = self._said = ""
        self._files = self._finished = 0
        self._is_stopped = False
        self._end: Callable[[], None] | None = None

    def run(self, work: Callable[[], _T]) -> _T:
        """Do the work of the call. Raises Stopped, and what the work raises."""
        try:
            return work()
        except asyncio.CancelledError:
            raise Stopped from None

    def stop(self) -> None:
        """End the work, from another thread. It may have to be said again: there is not always something to end."""
        self._is_stopped = True
        if (end := self._end) is not None:
            with contextlib.suppress(RuntimeError):  # the event loop was closed in between
                end()

    @contextlib.contextmanager
    def ended_by(self, end: Callable[[], None]) -> Iterator[None]:
        """Call this to stop what is done inside of the `with` statement."""
        self._end = end
        try:
            yield
        finally:
            self._end = None

    def say(self, message: str) -> None:
        """Tell what is being done. Raises Stopped."""
        if self._is_stopped:
            raise Stopped
        self._tell(message)

    def about(self, name: str) -> None:
        """The next stages are those of this target. Raises Stopped."""
        self._what = name
        if self._is_stopped:
            raise Stopped

    def stage(self, stage: str) -> None:
        """A stage has begun."""
        self._tell(f"{self._what}: {stage_in_words(stage)}")

    def began(self, files: int, jobs: int) -> None:
        """Files are traced on an event loop of their own, whose task is ended to stop that."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        self._files, self._finished = files, 0

        def end() -> None:
            if task is not None:
                loop.call_soon_threadsafe(task.cancel)

        self._end = end

    def at(self, key: TargetKey, stage: str) -> None:
        """The trace of a target has come to a stage."""
        target = f"{path_label(key.path)}::{key.qualname}"
        self._tell(f"{self._finished}/{self._files} files, {target}: {stage_in_words(stage)}")

    def finished(self, path: str) -> None:
        """All targets of a file are traced."""
        self._finished += 1

    def log(self, level: str, message: str) -> None:
        """Print faults of aotlens itself on stderr, which the agent's program keeps."""
        if level == "error":
            print(visible(f"error: {message}"), file=sys.stderr)

    def _tell(self, message: str) -> None:
        if message != self._said:  # several stages have the same words
            self._said = message
            self._say(visible_line(message))
