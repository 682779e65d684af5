"""Processes that outlive their parent: Linux ends them, or lets us adopt and end them. Standard library only."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Container

from .memory import children_of, descendants

END_SECONDS = 5.0
"""For how long processes are ended that do not go, or that start others all the time."""
TRACER = "aotlens-tracer"
"""The name of a tracer and of its children in lists of processes."""
_LOOKS = 3
"""How often nothing is found before it is believed. For a moment, children of a process that ends are in no list."""
_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36
"""From `linux/prctl.h`."""


def die_with_parent(parent: int | None = None) -> None:
    """End when the parent ends, however that ends (Linux). `parent` is its id, where it may have ended already."""
    parent_signal(signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(0)


def parent_signal(number: int) -> None:
    """Get this signal when the parent ends (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Become the parent of the processes that those below leave behind, to be able to end them (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def name_process(name: str) -> None:
    """Give this process a name for lists of processes, of at most 15 characters (Linux)."""
    _prctl(_PR_SET_NAME, name.encode())


def end_orphans(known: Container[int], seconds: float = 1.0) -> None:
    """End the processes that children left behind, even those that left their session; `known` children stay."""
    _end(lambda: [pid for pid in children_of(os.getpid()) if pid not in known], seconds)


def living_orphans(known: Container[int], strangers: Container[int] = ()) -> list[int]:
    """Return the processes that children left behind, and take away what is left of those that have ended.

    `known` children are none of them, and `strangers` are not returned.
    """
    living = []
    for pid in children_of(os.getpid()):
        if pid not in known:
            with contextlib.suppress(OSError):
                if os.waitpid(pid, os.WNOHANG) == (0, 0) and pid not in strangers:
                    living.append(pid)
    return living


def end_all(seconds: float = END_SECONDS) -> None:
    """End all processes below this one."""
    _end(lambda: children_of(os.getpid()), seconds)


def end_marked(mark: str, seconds: float = END_SECONDS) -> None:
    """End the children of this process that were started with `mark` in their environment, and all below them.

    Tracers and their children that have ended, or are about to, are waited for, too: this process has adopted them.
    """
    bytes_of_mark = mark.encode()

    def roots() -> list[int]:
        return [pid for pid in children_of(os.getpid()) if _has_mark(pid, bytes_of_mark) or _is_tracer(pid)]

    _end(roots, seconds, _LOOKS)


def _end(roots: Callable[[], list[int]], seconds: float, looks: int = 1) -> None:
    """End processes and those below them, round by round: what they leave behind becomes a child of this process."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = roots()
        looks = looks if found else looks - 1
        if not found and not looks:
            return
        for pid in found:
            for one in (*descendants(pid), pid):
                with contextlib.suppress(OSError):
                    os.kill(one, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.002)


def _has_mark(pid: int, mark: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return mark in file.read().split(b"\0")
    except OSError:
        return False


def _is_tracer(pid: int) -> bool:
    """Whether a process has the name of tracers, as the children have that they fork. One that ends has no environment.

    The child of a server is a guardian; a tracer is one only if its guardian is gone.
    """
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            return file.read().strip() == TRACER.encode()
    except OSError:
        return False


def _prctl(option: int, value: int | bytes) -> None:
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
