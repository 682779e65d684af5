"""Whether the fence holds on this system: it is tried, in a process of its own."""

from __future__ import annotations

import os
import signal

from ...wire.fence import Fence, Gap
from . import call_filter, landlock
from .around import is_offered, put_on


def gaps() -> tuple[Gap, ...]:
    """Return what the fence cannot hold on this system. Empty: it holds all that it has.

    A process is forked, so call it before there are threads.
    """
    if not is_offered() or not _can_be_put_on():
        return ("fence",)
    of_calls: tuple[Gap, ...] = () if call_filter.is_available() else ("calls",)
    return landlock.gaps(landlock.abi()) + of_calls


def _can_be_put_on() -> bool:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            put_on(Fence(), (), ())
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0
