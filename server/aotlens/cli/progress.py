"""Shows what a trace is doing, on stderr, if that is a terminal."""

from __future__ import annotations

import contextlib
from typing import Protocol

from rich.console import Console
from rich.text import Text

from aotlens.explain.states import stage_in_words
from aotlens.explain.visible import visible_line


class Told(Protocol):
    """Is told what a trace is doing."""

    def about(self, name: str) -> None:
        """The next stages are those of this target."""

    def stage(self, stage: str) -> None:
        """A stage has begun."""


class Progress(contextlib.AbstractContextManager["Progress"]):
    """A line on stderr that names the target and its stage. It is shown inside of a `with` statement."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._what = ""
        self._status = self._console.status("starting the tracer (importing torch)")

    def about(self, name: str) -> None:
        """Name the target of the next stages."""
        self._what = name

    def stage(self, stage: str) -> None:
        """Show the stage that has begun."""
        self._status.update(Text(visible_line(f"{self._what}: {stage_in_words(stage)}")))

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()
