"""The options of `aotlens diff`. What it does is in the folder `lock/`, which is imported as it runs."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from .choices import Convention
from .exits import exit_with
from .fence_options import Network, NoFence, Writable, fence_in
from .lock_options import LockFile
from .project_options import (
    Exclude,
    Jobs,
    Memory,
    NoCache,
    Paths,
    ProjectPython,
    TracedConvention,
    TracedMode,
    Verbose,
    project_options,
)
from .target_options import Timeout

DIFF_EXAMPLES = """
**Examples**

    aotlens diff                        # aotlens.lock and the files as they are

    aotlens diff --rev HEAD model.py    # what the changes since the last commit did

    aotlens diff before.json after.json # two outputs of aotlens trace --format json

**Exit status**: 0 if nothing differs, 1 if something does, 2 for wrong usage, or without a tracer.
"""


class DiffFormat(str, enum.Enum):
    """The format of differences."""

    text = "text"
    json = "json"


def diff(
    paths: Paths = None,
    rev: Annotated[
        str | None, typer.Option(metavar="REVISION", help="Compare with this revision of git, not with the lock.")
    ] = None,
    lock: LockFile = None,
    format: Annotated[
        DiffFormat, typer.Option("--format", "-f", help="The format of the differences.")
    ] = DiffFormat.text,
    exclude: Exclude = None,
    convention: TracedConvention = Convention.export,
    mode: TracedMode = None,
    python: ProjectPython = None,
    jobs: Jobs = None,
    timeout: Timeout = 120.0,
    memory: Memory = None,
    no_cache: NoCache = False,
    no_fence: NoFence = False,
    writable: Writable = None,
    network: Network = False,
    verbose: Verbose = False,
) -> None:
    """Tell what a change did to calling conventions: since the lock, since a revision, or from one trace to another."""
    from .lock.diff import DiffOptions, run_diff  # imported here, so that `serve` starts fast

    fence = fence_in(no_fence, writable, network)
    tracing = project_options(python, convention, mode, timeout, jobs, memory, no_cache, fence)
    options = DiffOptions(rev, lock, format.value, exclude or (), verbose, tracing)
    exit_with(lambda: run_diff(paths or ["."], options))
