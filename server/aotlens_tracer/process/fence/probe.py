"""Whether the fence holds on this system: it is tried, in a process of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from ...wire.fence import Fence, Gap
from . import call_filter, landlock
from .around import is_offered, put_on


def gaps() -> tuple[Gap, ...]:
    """Return what the fence cannot hold on this system. Empty: it holds all that it has.

    A process is forked, so call it before there are threads.
    """
    if not is_offered() or not _succeeds(_put_on):
        return ("fence",)
    of_calls: tuple[Gap, ...] = () if call_filter.is_available() else ("calls",)
    of_processes: tuple[Gap, ...] = () if _succeeds(_put_on, call_filter.ask_for_processes) else ("processes",)
    return landlock.gaps(landlock.abi()) + of_calls + of_processes


def _put_on() -> None:
    put_on(Fence(), (), ())


def _succeeds(*steps: Callable[[], object]) -> bool:
    """Whether a process of its own can take these steps."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for step in steps:
                step()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0
