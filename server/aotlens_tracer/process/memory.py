"""Resident memory of a process and its descendants, without any library."""

from __future__ import annotations

import contextlib
import os
import sys


def resident_bytes(pid: int) -> int | None:
    """Return the resident memory of `pid` and its descendants in bytes (macOS: of `pid`); None if it is unknown."""
    if sys.platform.startswith("linux"):
        own = _private(pid)
        return own if own is None else own + sum(_private(child) or 0 for child in descendants(pid))
    if sys.platform == "darwin":
        return _ps(pid)
    return None


def exceeds(pid: int, limit: int) -> bool:
    """Whether `pid` and its descendants have more than `limit` bytes in use.

    Pages that processes share since a fork count in each of them: a sum above the limit is checked more exactly.
    """
    used = resident_bytes(pid)
    if used is None or used <= limit:
        return False
    shares = [_proportional(member) for member in (pid, *descendants(pid))]
    return None in shares or sum(share or 0 for share in shares) > limit


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
