"""How long hovers take: for the user, in processor time of the server, and what else the machine did meanwhile."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aotlens_tracer.process.memory import descendants

MOST_OF_OTHERS = 0.25
"""Processors that other programs may use before the user's time says nothing about the server any more."""


@dataclass
class Hovers:
    """Hovers of one kind, in seconds.

    `whole` is what the user waits. `own` is the processor time of the server meanwhile, of all its threads: other
    programs have no part in it.
    """

    whole: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)

    def measure(self, server: int, hover: Callable[[], None]) -> None:
        """Time one hover of a server."""
        used, start = _processor_time(server), time.perf_counter()
        hover()
        self.whole.append(time.perf_counter() - start)
        self.own.append(_processor_time(server) - used)


@dataclass(frozen=True)
class Processors:
    """The processor time that was used until a moment, in seconds: by all, by the programs that are looked at."""

    at: float
    all: float
    ours: float

    @classmethod
    def now(cls, *roots: int) -> Processors:
        """Look at the processes `roots` with all that are below them, and what has ended below them."""
        ours = sum(_used(pid) for root in roots for pid in {root, *descendants(root)})
        fields = [int(value) for value in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]]
        idle = fields[3] + fields[4]
        return cls(time.monotonic(), (sum(fields) - idle) / 100, ours)

    def of_others(self, end: Processors) -> float:
        """Return how many processors other programs had from this moment until the end."""
        return ((end.all - self.all) - (end.ours - self.ours)) / (end.at - self.at)


def slowest(seconds: list[float]) -> float:
    """The 99th percentile, in ms."""
    return statistics.quantiles(seconds, n=100)[98] * 1000


def median(seconds: list[float]) -> float:
    """The median, in ms."""
    return statistics.median(seconds) * 1000


def _processor_time(pid: int) -> float:
    """The processor time of a process until now, in seconds. The clock's number is that of `clock_getcpuclockid`."""
    return time.clock_gettime((~pid << 3) | 2)


def _used(pid: int) -> float:
    """The processor time of a process and of its children that have ended, in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / 100
