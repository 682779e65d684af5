"""The session's view of the LSP edge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from aotlens.model.snapshot import TargetKey

from .progress import Progress
from .tracer.status import TracerStatus


class Client(Protocol):
    """Receives what the session reports. All methods are called on the event loop."""

    def states_changed(self, keys: Iterable[TargetKey]) -> None:
        """The states of these targets have changed."""

    def text_changed(self) -> None:
        """The text of a document has changed and settled; diagnostics that depend on text may be out of date."""

    def status_changed(self, status: TracerStatus) -> None:
        """The state of a tracer has changed."""

    def log(self, level: str, message: str) -> None:
        """Add a message to the log."""

    def progress(self, title: str, cancel: Callable[[], None]) -> Progress:
        """Begin to show progress. `cancel` is called when the user cancels it."""
