"""Resident memory of a process and all that it started, without any library."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys


def resident_bytes(pid: int) -> int | None:
    """Resident memory of `pid` and its descendants in bytes (macOS: of `pid`); None where the system does not tell."""
    if sys.platform.startswith("linux"):
        own = _private(pid)
        return own if own is None else own + sum(_private(child) or 0 for child in descendants(pid))
    if sys.platform == "darwin":
        return _ps(pid)
    return None


def exceeds(pid: int, limit: int) -> bool:
    """Whether `pid` and its descendants have more than `limit` bytes in use.

    Pages that processes share since a fork count in each of them: where that is too much, it is looked at closely.
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
    """The processes that `pid` started, and that those started; empty where the system does not tell."""
    found: list[int] = []
    pending = [pid]
    while pending:
        children = children_of(pending.pop())
        found += children
        pending += children
    return found


def children_of(pid: int) -> list[int]:
    """The processes whose parent is `pid`; empty where the system does not tell."""
    folder = f"/proc/{pid}/task"
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(folder):
            with contextlib.suppress(OSError), open(f"{folder}/{thread}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    return found


def _private(pid: int) -> int | None:
    """Resident memory without file-backed pages: those are torch's own libraries, which all children share."""
    return _kilobytes(f"/proc/{pid}/status", "RssAnon", "RssShmem")


def _proportional(pid: int) -> int | None:
    """The same with each page divided by how many processes share it: exact, and slower to get."""
    return _kilobytes(f"/proc/{pid}/smaps_rollup", "Pss_Anon", "Pss_Shmem")


def _kilobytes(path: str, *names: str) -> int | None:
    """The sum of some fields of a file of /proc, in bytes."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
        return sum(int(fields[name].split()[0]) for name in names) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _ps(pid: int) -> int | None:
    try:
        listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return int(listed.stdout) * 1024
    except (OSError, ValueError):
        return None
