"""Processes that outlive their parent: Linux ends them, or lets us adopt and end them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from .memory import children_of


def die_with_parent() -> None:
    """End when the tracer ends, however that ends (Linux)."""
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def adopt_orphans() -> None:
    """Become the parent of the processes that a child leaves behind, to be able to end them (Linux)."""
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def end_orphans(known: set[int]) -> None:
    """End the processes that children left behind, even those that left their session; `known` stay."""
    deadline = time.monotonic() + 1
    while (orphans := [pid for pid in children_of(os.getpid()) if pid not in known]) and time.monotonic() < deadline:
        for pid in orphans:  # their own children become orphans then, which the next round ends
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.001)


def _prctl(option: int, value: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(option, value)
