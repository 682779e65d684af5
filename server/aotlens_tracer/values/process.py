"""Processes beside the one that traces, which goes on meanwhile: copies of it, one of which records the values."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import signal
import time
from collections.abc import Callable

import torch

from .waiting import FIRST_SECONDS, MORE_SECONDS

Adopt = Callable[[], None]
"""Gives the channel to the server to the process that calls it, a copy of the one that has it."""
_POLL_SECONDS = 0.002


class Beside:
    """A process that does some work beside this one, as a copy of it. `adopt` gives a new process the channel.

    Without `adopt`, there is none.
    """

    def __init__(self, adopt: Adopt | None) -> None:
        self._adopt = adopt
        self._process: int | None = None
        self._is_done = False

    def another(self) -> Beside:
        """Return what starts one more process, also from within this one."""
        return Beside(self._adopt)

    def start(self, work: Callable[[], None]) -> bool:
        """Call `work` in a copy of this process; return whether there is one."""
        self.stop()
        # A GPU's context does not survive a fork.
        if self._adopt is None or torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch has no types
            return False
        process = os.fork()
        if process == 0:
            exit_process, status = os._exit, 1
            with contextlib.suppress(BaseException):
                self._adopt()
                exit_process = os._exit
                work()
                status = 0
            exit_process(status)
        self._process = process
        return True

    def stop(self) -> None:
        """End the process at once, if it still runs."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
            self._process = None

    def is_running(self) -> bool:
        """Whether the process has been started and has not ended yet."""
        if self._process is not None:
            try:
                process, status = os.waitpid(self._process, os.WNOHANG)
            except OSError:
                process, status = self._process, 1
            if process:
                self._process, self._is_done = None, status == 0
        return self._process is not None

    def wait(self, seconds: float = math.inf) -> bool:
        """Wait until the process has ended, or so long; return whether it has done its work, without an error."""
        deadline = time.monotonic() + seconds
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return self._is_done


class Recording:
    """The process that records the values of the example that is being tried.

    Without `adopt`, this process has to record them itself: `later` does so, and is None if another process does.
    `dismiss` ends the tracer's own process for the values of the first example; None if there is none.
    """

    def __init__(self, adopt: Adopt | None, dismiss: Callable[[], None] | None = None) -> None:
        self._beside = Beside(adopt)
        self._dismiss = dismiss
        self._is_by_tracer = False
        self._sent: mmap.mmap | None = None
        self.later: Callable[[], None] | None = None

    def start(self, record: Callable[[], None], later: Callable[[], None], may_be_by_tracer: bool = False) -> bool:
        """Call `record` in a copy of this process, which calls `is_sent` within; return whether another process does.

        With `may_be_by_tracer`, the tracer's own process records the values, if there is one and it did not do so yet.
        """
        if may_be_by_tracer and self._dismiss is not None and not self._is_by_tracer:
            self._is_by_tracer = True
            return True
        self.stop()
        self._sent = mmap.mmap(-1, 1)
        if not self._beside.start(record):
            self.later = later
            return False
        return True

    @property
    def is_apart(self) -> bool:
        """Whether the tracer's own process may have sent values already, or will send them."""
        return self._dismiss is not None

    def is_sent(self) -> None:
        """Note, in the process that records, that values were sent: there is something to show."""
        if self._sent is not None:
            self._sent[0] = 1

    def stop(self) -> None:
        """End the process at once, if it still runs."""
        self.later = None
        self._beside.stop()
        if self._dismiss is not None:
            self._dismiss()
            self._dismiss = None

    def wait(self) -> None:
        """Wait until the process has ended, but not for ever."""
        start = time.monotonic()
        sent: float | None = None
        while self._beside.is_running():
            now = time.monotonic()
            if sent is None and self._sent is not None and self._sent[0]:
                sent = now
            if now - start > FIRST_SECONDS or (sent is not None and now - sent > MORE_SECONDS):
                self.stop()
            else:
                time.sleep(_POLL_SECONDS)
