"""How targets are traced without an editor."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from aotlens.session.limits import default_memory
from aotlens.session.settings import Settings
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.wire.protocol import Convention

MEMORY_OF_JOB = 4 << 30
"""The bytes of memory for each job by which their number is chosen: torch itself needs half a GiB."""


@dataclass(frozen=True)
class ProjectOptions:
    """The options of traces of whole projects.

    `python` is the interpreter; None chooses that of each project, as an editor does. `timeout` is in seconds for each
    target. `jobs` is the number of files that are traced at the same time, and `memory` the limit for all of them
    together, in bytes; None lets the machine decide. `use_kept` takes maps that earlier traces have left on disk.
    """

    python: str | None = None
    convention: Convention = "export"
    mode: str | None = None
    timeout: float = 120.0
    jobs: int | None = None
    memory: int | None = None
    use_kept: bool = True
    fence: Fence = field(default_factory=Fence)

    def jobs_for(self, files: int) -> int:
        """The number of files that are traced at the same time."""
        if self.jobs is not None:
            return max(1, min(self.jobs, files))
        memory = self.memory or default_memory()
        by_memory = memory // MEMORY_OF_JOB if memory is not None else files
        return max(1, min(_cores(), by_memory, files))

    def settings(self, jobs: int) -> Settings:
        """The session's settings for each of several jobs. Which files are traced is decided by their selection."""
        memory = self.memory or default_memory()
        return Settings(
            interpreter=self.python,
            trace_exclude=(),
            trace_convention=self.convention,
            trace_mode=self.mode,
            trace_timeout=self.timeout,
            trace_memory=memory / jobs / (1 << 30) if memory is not None else None,
            fence=self.fence,
            keep_maps=self.use_kept,
        )


DEFAULTS = ProjectOptions()


def _cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
