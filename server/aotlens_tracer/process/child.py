"""A disposable process for one request, as the tracer sees it: how it starts, by fork or by spawn, and how it ends.

Its messages travel on a pipe of their own; stdin is empty; stdout and stderr are captured together. It is the leader of
a session of its own, so that whatever it starts ends with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from ..wire.protocol import bootstrap_command, encode
from .inside import run
from .stacks import DUMP_SIGNAL


class Child:
    """A running child: its pipes, its end, and ways to ask and to kill it."""

    def __init__(self, pid: int, messages: int, output: int, folder: str, token: bytes) -> None:
        self.pid = pid
        self.messages = messages
        self.output = output
        self.folder = folder
        self.token = token
        self._status: int | None = None

    def poll(self) -> int | None:
        """Return None while it runs; then its exit status, or minus the signal that ended it."""
        if self._status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._status = 0
            else:
                if pid:
                    self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def ask_for_stacks(self) -> bool:
        """Let it write the stacks of its threads to its dump file; return whether there is a way to ask."""
        if DUMP_SIGNAL is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, DUMP_SIGNAL)
        return True

    def kill(self) -> None:
        """End it and all it started, and wait for it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)

    def read_file(self, name: str) -> bytes:
        """Return the contents of one of its files; nothing if it left none."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                return file.read()
        except OSError:
            return b""

    def forget(self) -> None:
        """Remove its files."""
        shutil.rmtree(self.folder, ignore_errors=True)


class SpawnedChild(Child):
    """A child that is a fresh interpreter."""

    def __init__(self, process: subprocess.Popen[bytes], folder: str, token: bytes) -> None:
        assert process.stdout is not None and process.stderr is not None
        self._process = process
        super().__init__(process.pid, os.dup(process.stdout.fileno()), os.dup(process.stderr.fileno()), folder, token)
        process.stdout.close()
        process.stderr.close()

    def start(self, request: dict[str, Any]) -> None:
        """Give it its request."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(encode(request | {"folder": self.folder, "token": self.token.decode()}))
            self._process.stdin.close()

    def poll(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)


def _new_folder() -> tuple[str, bytes]:
    """Return a folder for a child's files, and the token that frames its messages."""
    return tempfile.mkdtemp(prefix="aotlens-"), os.urandom(12).hex().encode() + b" "


def fork(request: dict[str, Any], close: Callable[[], None]) -> Child:
    """Start a child that is a copy of this process. `close` closes, in the copy, what belongs to this process alone."""
    folder, token = _new_folder()
    messages, messages_write = os.pipe()
    output, output_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.close(messages)
            os.close(output)
            close()
            os.setsid()
            run(request, messages_write, output_write, folder, token)
        os._exit(70)
    os.close(messages_write)
    os.close(output_write)
    return Child(pid, messages, output, folder, token)


def spawn() -> SpawnedChild:
    """Start a child that imports torch afresh and then waits for its request."""
    folder, token = _new_folder()
    process = subprocess.Popen(
        bootstrap_command(sys.executable, "--child"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    return SpawnedChild(process, folder, token)
