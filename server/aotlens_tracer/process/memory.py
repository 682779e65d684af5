"""Resident memory of a process and its descendants, and how many they are; without any library."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable

_EXACT_SECONDS, _EXACT_AT_LEAST = 0.2, 8
"""How long, and at how many processes at least, an exact look is taken. Those that fork all the time make it slow."""
MOST_PROCESSES = 250
"""So many processes may be below a child at the same time. If each of them forks on, nothing else runs soon."""
MOST_THREADS = 4000
"""So many threads may they have together. The system counts them as processes, of which a user has some 10,000."""


def resident_bytes(pid: int) -> int | None:
    """Return the resident memory of `pid` and its descendants in bytes (macOS: of `pid`); None if it is unknown."""
    if sys.platform.startswith("linux"):
        own = _private(pid)
        return own if own is None else own + sum(_private(child) or 0 for child in descendants(pid))
    if sys.platform == "darwin":
        return _ps(pid)
    return None


def exceeds(pid: int, limit: int, orphans: Iterable[int] = ()) -> bool:
    """Whether `pid` and its descendants have more than `limit` bytes in use, those that it left behind included.

    Pages that processes share since a fork count in each of them: a sum above the limit is checked more exactly.
    """
    used = resident_bytes(pid)
    if used is None or used + sum(resident_bytes(orphan) or 0 for orphan in orphans) <= limit:
        return False
    left, deadline = limit, time.monotonic() + _EXACT_SECONDS
    for number, member in enumerate((pid, *descendants(pid), *_with_descendants(orphans))):
        if number >= _EXACT_AT_LEAST and time.monotonic() > deadline:
            return False  # whoever asks has other limits to look at: there may soon be too many processes
        share = _proportional(member)
        left -= share if share is not None else _private(member) or 0  # it may have ended
        if left < 0:
            return True
    return False


def processes_below(pid: int, orphans: Iterable[int] = ()) -> int:
    """Return how many processes are below `pid`, or were left behind by it."""
    return len(descendants(pid)) + len(_with_descendants(orphans))


def threads_below(pid: int, orphans: Iterable[int] = ()) -> int:
    """Return how many threads `pid` and its descendants have, with those that it left behind."""
    return sum(map(threads_of, (pid, *descendants(pid), *_with_descendants(orphans))))


def threads_of(pid: int) -> int:
    """Return how many threads a process has, each of which is a folder of /proc; 0 if it is unknown.

    This takes no longer if there are many. To find the children of a process, each of its threads is looked at.
    """
    try:
        return max(0, os.stat(f"/proc/{pid}/task").st_nlink - 2)
    except OSError:
        return 0


def _with_descendants(pids: Iterable[int]) -> list[int]:
    return [member for pid in pids for member in (pid, *descendants(pid))]


def can_watch() -> bool:
    """Whether memory limits can be enforced on this system."""
    return resident_bytes(os.getpid()) is not None


def descendants(pid: int) -> list[int]:
    """Return the processes that `pid` started, and that those started; none if the system does not report them."""
    found: list[int] = []
    pending = [pid]
    while pending:
        children = children_of(pending.pop())
        found += children
        pending += children
    return found


def children_of(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`; none if the system does not report them."""
    folder = f"/proc/{pid}/task"
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(folder):
            with contextlib.suppress(OSError), open(f"{folder}/{thread}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    return found


def _private(pid: int) -> int | None:
    """Return resident memory without file-backed pages: those are torch's own libraries, which all children share."""
    return _kilobytes(f"/proc/{pid}/status", "RssAnon", "RssShmem")


def _proportional(pid: int) -> int | None:
    """Return the same with each page divided by how many processes share it: exact, and slower to get."""
    return _kilobytes(f"/proc/{pid}/smaps_rollup", "Pss_Anon", "Pss_Shmem")


def _kilobytes(path: str, *names: str) -> int | None:
    """Return the sum of some fields of a file of /proc, in bytes; None if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
        return sum(int(fields[name].split()[0]) for name in names) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _ps(pid: int) -> int | None:
    import subprocess  # the guardian needs none of this

    try:
        listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return int(listed.stdout) * 1024
    except (OSError, ValueError):
        return None
