"""The process that records: a copy of the one that traces, which goes on meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

import torch

Adopt = Callable[[], None]
"""Gives the channel to the server to the process that calls it, a copy of the one that has it."""
_SECONDS = 10.0
"""How long the end of a trace waits for the recorded values."""


class Recording:
    """The process that records the values of the example that is being tried. `adopt` gives a new process the channel.

    Without `adopt`, nothing is recorded.
    """

    def __init__(self, adopt: Adopt | None) -> None:
        self._adopt = adopt
        self._process: int | None = None

    def start(self, record: Callable[[], None]) -> bool:
        """Call `record` in a copy of this process; return whether there is one."""
        self.stop()
        if self._adopt is None or not hasattr(os, "fork"):
            return False
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch has no types
            return False  # a GPU's context does not survive a fork
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

    def stop(self) -> None:
        """End the process at once, if it still runs."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
            self._process = None

    def wait(self) -> None:
        """Wait until the values were sent, but not for ever."""
        deadline = time.monotonic() + _SECONDS
        while self._process is not None:
            try:
                is_gone = os.waitpid(self._process, os.WNOHANG)[0] != 0
            except OSError:
                is_gone = True
            if is_gone:
                self._process = None
            elif time.monotonic() > deadline:
                self.stop()
            else:
                time.sleep(0.002)
