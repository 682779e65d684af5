"""Shows on stderr, if that is a terminal, how many files are done and what is being traced."""

from __future__ import annotations

import contextlib
import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from aotlens.cli.output import path_label
from aotlens.explain.states import stage_in_words
from aotlens.explain.visible import visible, visible_line
from aotlens.model.snapshot import TargetKey


class ProjectProgress(contextlib.AbstractContextManager["ProjectProgress"]):
    """A bar of files. With `verbose`, the log of the traces is printed on stderr too."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        console = Console(stderr=True)
        columns = (BarColumn(24), MofNCompleteColumn(), TextColumn("files"), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=None)

    def began(self, files: int, jobs: int) -> None:
        """Show the number of files."""
        self._progress.update(self._task, total=files, description="starting")

    def at(self, key: TargetKey, stage: str) -> None:
        """Show the target that is traced."""
        label = f"{path_label(key.path)}::{key.qualname}: {stage_in_words(stage)}"
        self._progress.update(self._task, description=Text(visible_line(label)).markup)

    def finished(self, path: str) -> None:
        """Count a file."""
        self._progress.advance(self._task)

    def log(self, level: str, message: str) -> None:
        """Print a message of the log, if that is asked for, or if it is about a fault of aotlens itself."""
        if self._verbose or level == "error":
            print(visible(f"{level}: {message}"), file=sys.stderr)

    def __enter__(self) -> ProjectProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
