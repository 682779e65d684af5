"""The options of `aotlens lock`. What it does is in the folder `lock/`, which is imported as it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from .choices import Convention
from .exits import exit_with
from .fence_options import Network, NoFence, Writable, fence_in
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

LOCK_EXAMPLES = """
**Examples**

    aotlens lock                 # every target below the working directory

    aotlens lock model.py::GPT   # one target; what is locked of others stays

The file is `aotlens.lock`, beside pyproject.toml, and is meant to be committed.

**Exit status**: 0 if the lock was written, 1 if a target took too much time or memory, 2 for wrong usage, or without a
tracer.
"""

LockFile = Annotated[
    str | None, typer.Option("--lock", metavar="FILE", help="The lock. Default: aotlens.lock beside pyproject.toml.")
]


def lock(
    paths: Paths = None,
    lock: LockFile = None,
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
    """Write the calling convention of every target to a file, against which changes are compared."""
    from .lock.command import LockOptions, run_lock  # imported here, so that `serve` starts fast

    fence = fence_in(no_fence, writable, network)
    tracing = project_options(python, convention, mode, timeout, jobs, memory, no_cache, fence)
    options = LockOptions(lock, exclude or (), verbose, tracing)
    exit_with(lambda: run_lock(paths or ["."], options))
