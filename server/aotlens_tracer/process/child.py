"""A disposable process for one request, as the tracer sees it: how it starts, by fork or by spawn, and how it ends.

It may be started before there is a request, and wait for that. Its messages travel on a pipe of their own; stdin is
empty; stdout and stderr are captured together. It is the leader of a session of its own, so that whatever it starts
ends with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from ..wire.protocol import bootstrap_command, encode
from .fence import new_processes
from .inside import run, wait_and_run
from .orphans import die_with_parent
from .scratch import Folder, new_folder
from .stacks import DUMP_FILE, DUMP_SIGNAL

_C = TypeVar("_C", bound="Child")
_CAN_LOOK = hasattr(os, "waitid")
"""Whether the system says that a process has ended without taking away its number. Python for macOS does since 3.13."""


class Child:
    """A running child: its pipes, its end, and ways to ask and to kill it.

    `asking` is the socket over which it sends what it asks for new processes through; None if it cannot.
    """

    def __init__(self, pid: int, messages: int, output: int, folder: Folder, token: bytes) -> None:
        self.asking: int | None = None
        self.pid = pid
        self.messages = messages
        self.output = output
        self.folder = folder
        self.token = token
        self._status: int | None = None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The tracer's ends of its pipes, and what holds its folder, which no other process may have."""
        return *self._pipes, *self.folder.descriptors

    @property
    def _pipes(self) -> tuple[int, ...]:
        return tuple(each for each in (self.messages, self.output, self.asking) if each is not None)

    def poll(self) -> int | None:
        """Return None while it runs; then its exit status, or minus the signal that ended it.

        If it was stopped, it is continued: nobody else would.
        """
        if self._status is None:
            if not _ends_rest(self.pid):
                if os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG) is not None:
                    os.kill(self.pid, signal.SIGCONT)
                return None
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                self._status = 0
            else:
                if pid and os.WIFSTOPPED(status):
                    os.kill(pid, signal.SIGCONT)
                elif pid:
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
        """End it and all it started, and wait for it. Once it was waited for, its number may be another's."""
        if self._status is None or not _CAN_LOOK:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)

    def read_file(self, name: str, most: int) -> bytes:
        """Return the last bytes of one of its files; nothing if it left none, or something else in its place.

        User code may write to it, too: `most` bytes are read.
        """
        try:
            descriptor = self.folder.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with open(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return b""
                file.seek(max(0, status.st_size - most))
                return file.read(most)
        except OSError:
            return b""

    def close(self) -> None:
        """Close the pipes that nobody reads."""
        for descriptor in self._pipes:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def forget(self) -> None:
        """Remove its files."""
        self.folder.remove()


class WaitingChild(Child):
    """A child that waits for its request."""

    def start(self, request: dict[str, Any]) -> None:
        """Give it its request."""
        raise NotImplementedError


class ForkedChild(WaitingChild):
    """A copy of the tracer that waits. `requests` is the pipe on which it gets its request."""

    def __init__(self, pid: int, messages: int, output: int, folder: Folder, token: bytes, requests: int) -> None:
        super().__init__(pid, messages, output, folder, token)
        self._requests: int | None = requests

    @property
    def descriptors(self) -> tuple[int, ...]:
        return *super().descriptors, *([self._requests] if self._requests is not None else [])

    def start(self, request: dict[str, Any]) -> None:
        assert self._requests is not None
        data = encode(request)
        with contextlib.suppress(BrokenPipeError):  # it has ended, which is noticed like any other end
            while data:
                data = data[os.write(self._requests, data) :]
        self._close_requests()

    def kill(self) -> None:
        self._close_requests()
        super().kill()

    def _close_requests(self) -> None:
        if self._requests is not None:
            os.close(self._requests)
            self._requests = None


class SpawnedChild(WaitingChild):
    """A child that is a fresh interpreter."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Folder, token: bytes) -> None:
        assert process.stdout is not None and process.stderr is not None
        self._process = process
        super().__init__(process.pid, os.dup(process.stdout.fileno()), os.dup(process.stderr.fileno()), folder, token)
        process.stdout.close()
        process.stderr.close()

    def start(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            place = {"folder": self.folder.path, "identity": self.folder.identity}
            self._process.stdin.write(encode(request | place | {"token": self.token.decode()}))
            self._process.stdin.close()

    def poll(self) -> int | None:
        if self._process.returncode is None and not _ends_rest(self.pid):
            return None
        return self._process.poll()

    def kill(self) -> None:
        if hasattr(os, "killpg") and (self._process.returncode is None or not _CAN_LOOK):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)


def _ends_rest(leader: int) -> bool:
    """End what is left of a session if its leader has ended; return whether the leader may be waited for now.

    As long as nobody has done so, its number stands for no other process and no other session.
    """
    if not _CAN_LOOK:
        return True
    try:
        if os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
    except ChildProcessError:  # somebody has waited for it
        return True
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    return True


def _new_folder(scratch: Folder | None) -> tuple[Folder, bytes]:
    """Return a folder for a child's files, and the token that frames its messages."""
    token = os.urandom(12).hex().encode() + b" "
    if scratch is not None and scratch.is_there:
        with contextlib.suppress(FileNotFoundError):  # something cleans the system's temporary directory
            return scratch.new(os.urandom(6).hex()), token
    return new_folder(), token


def fork(request: dict[str, Any], scratch: Folder | None, close: Callable[[], None]) -> Child:
    """Start a child that is a copy of this process. `close` closes, in the copy, what belongs to this process alone.

    Its folder is made in `scratch`; in the system's temporary directory if that is None.
    """
    return _fork(scratch, close, lambda *ends: run(request, *ends), Child)


def fork_waiting(scratch: Folder | None, close: Callable[[], None]) -> ForkedChild:
    """Start a child like `fork`, which gets warm and then waits for its request."""
    requests, requests_write = os.pipe()

    def inside(messages: int, output: int, folder: Folder, token: bytes, asking: int) -> None:
        os.close(requests_write)
        wait_and_run(requests, messages, output, folder, token, asking)

    def child(pid: int, messages: int, output: int, folder: Folder, token: bytes) -> ForkedChild:
        return ForkedChild(pid, messages, output, folder, token, requests_write)

    forked = _fork(scratch, close, inside, child)
    os.close(requests)
    return forked


def _fork(
    scratch: Folder | None,
    close: Callable[[], None],
    inside: Callable[[int, int, Folder, bytes, int], None],
    child: Callable[[int, int, int, Folder, bytes], _C],
) -> _C:
    folder, token = _new_folder(scratch)
    messages, messages_write = os.pipe()
    output, output_write = os.pipe()
    asking, asking_write = new_processes.pair()
    tracer = os.getpid()
    try:
        pid = os.fork()
    except OSError:  # no process is left
        for descriptor in (messages, messages_write, output, output_write, asking, asking_write):
            os.close(descriptor)
        folder.remove()
        raise
    if pid == 0:
        exit_process = os._exit
        try:
            die_with_parent(tracer)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.close(messages)
            os.close(output)
            os.close(asking)
            close()
            os.setsid()
            inside(messages_write, output_write, folder, token, asking_write)
        except BaseException:  # a mistake of ours: nothing of the user's comes as far as this
            with (
                contextlib.suppress(BaseException),
                open(folder.open(DUMP_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "a", encoding="utf-8") as file,
            ):
                file.write(traceback.format_exc())
        exit_process(70)
    os.close(messages_write)
    os.close(output_write)
    os.close(asking_write)
    started = child(pid, messages, output, folder, token)
    started.asking = asking
    return started


def spawn(scratch: Folder | None) -> SpawnedChild:
    """Start a child that imports torch afresh and then waits for its request. Its folder is made as by `fork`."""
    folder, token = _new_folder(scratch)
    process = subprocess.Popen(
        bootstrap_command(sys.executable, "--child"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    return SpawnedChild(process, folder, token)
