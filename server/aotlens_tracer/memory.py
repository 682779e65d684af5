"""Resident memory of a process and its children, without any library."""

from __future__ import annotations

import os
import subprocess
import sys


def resident_bytes(pid: int) -> int | None:
    """Resident memory of `pid` and its direct children in bytes; None where the system does not tell."""
    if sys.platform.startswith("linux"):
        return _linux(pid)
    if sys.platform == "darwin":
        return _ps(pid)
    return None


def can_watch() -> bool:
    """Whether memory limits can be enforced on this system."""
    return resident_bytes(os.getpid()) is not None


def _linux(pid: int) -> int | None:
    total = _statm(pid)
    if total is None:
        return None
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:
        children = []
    return total + sum(_statm(int(child)) or 0 for child in children)


def _statm(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            resident, shared = (int(field) for field in file.read().split()[1:3])
    except (OSError, ValueError, IndexError):
        return None
    # File-backed pages are torch's own libraries, which all children share.
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def _ps(pid: int) -> int | None:
    try:
        listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return int(listed.stdout) * 1024
    except (OSError, ValueError):
        return None
