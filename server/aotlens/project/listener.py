"""The client of sessions without an editor: it passes on the stage of each trace, and tracers that cannot trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from aotlens.model.snapshot import TargetKey
from aotlens.session.session import Session
from aotlens.session.tracer.status import TracerStatus


class Watcher(Protocol):
    """Is told what is being done. All methods are called on the event loop."""

    def began(self, files: int, jobs: int) -> None:
        """So many files will be traced, so many at the same time."""

    def at(self, key: TargetKey, stage: str) -> None:
        """The trace of a target has come to a stage."""

    def finished(self, path: str) -> None:
        """All targets of a file are traced."""

    def log(self, level: str, message: str) -> None:
        """Add a message to the log."""


class Silent:
    """A watcher that tells nobody."""

    def began(self, files: int, jobs: int) -> None:
        """Nothing."""

    def at(self, key: TargetKey, stage: str) -> None:
        """Nothing."""

    def finished(self, path: str) -> None:
        """Nothing."""

    def log(self, level: str, message: str) -> None:
        """Nothing."""


@dataclass
class Listener:
    """The client of one session. `session` is set once there is one."""

    watcher: Watcher
    session: Session | None = None
    unusable: TracerStatus | None = None

    def states_changed(self, keys: Iterable[TargetKey]) -> None:
        """Tell the stage of the targets that are traced."""
        if self.session is None:
            return
        states = self.session.snapshot().states
        for key in keys:
            state = states.get(key)
            if state is not None and state.status == "tracing" and state.stage is not None:
                self.watcher.at(key, state.stage)

    def text_changed(self) -> None:
        """No text changes here."""

    def status_changed(self, status: TracerStatus) -> None:
        """Remember a tracer that cannot trace."""
        if status.state in ("unusable", "gone"):
            self.unusable = status

    def log(self, level: str, message: str) -> None:
        """Pass on a message."""
        self.watcher.log(level, message)

    def progress(self, title: str, cancel: Callable[[], None]) -> _NoProgress:
        """The stages are told already."""
        return _NoProgress()


class _NoProgress:
    def report(self, message: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""
