"""The process that records: a copy of the one that traces, which goes on meanwhile."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import time
from collections.abc import Callable

import torch

Adopt = Callable[[], None]
"""Gives the channel to the server to the process that calls it, a copy of the one that has it."""
_SECONDS = 10.0
"""How long the end of a trace waits for the first values."""
_MORE_SECONDS = 1.0
"""How long it waits for the process once these were sent."""


class Recording:
    """The process that records the values of the example that is being tried. `adopt` gives a new process the channel.

    Without `adopt`, this process has to record them itself: `later` does so, and is None if another process does.
    """

    def __init__(self, adopt: Adopt | None) -> None:
        self._adopt = adopt
        self._process: int | None = None
        self._sent: mmap.mmap | None = None
        self.later: Callable[[], None] | None = None

    def start(self, record: Callable[[], None], later: Callable[[], None]) -> bool:
        """Call `record` in a copy of this process, which calls `is_sent` within; return whether there is one."""
        self.stop()
        # A GPU's context does not survive a fork.
        if self._adopt is None or torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch has no types
            self.later = later
            return False
        self._sent = mmap.mmap(-1, 1)
        process = os.fork()
        if process == 0:
            exit_process = os._exit
            with contextlib.suppress(BaseException):
                self._adopt()
                exit_process = os._exit
                record()
            exit_process(0)
        self._process = process
        return True

    def is_sent(self) -> None:
        """Note, in the process that records, that values were sent: there is something to show."""
        if self._sent is not None:
            self._sent[0] = 1

    def stop(self) -> None:
        """End the process at once, if it still runs."""
        self.later = None
        if self._process is not None:
            with contextlib.suppress(OSError):
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
            self._process = None

    def wait(self) -> None:
        """Wait until the process has ended, but not for ever."""
        start = time.monotonic()
        sent: float | None = None
        while self._process is not None:
            try:
                is_gone = os.waitpid(self._process, os.WNOHANG)[0] != 0
            except OSError:
                is_gone = True
            now = time.monotonic()
            if sent is None and self._sent is not None and self._sent[0]:
                sent = now
            if is_gone:
                self._process = None
            elif now - start > _SECONDS or (sent is not None and now - sent > _MORE_SECONDS):
                self.stop()
            else:
                time.sleep(0.002)
