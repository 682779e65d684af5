"""The child's end of the pipe to the tracer, out of reach of user code that prints, reads stdin or closes files."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from typing import Any

from ..failures.library import LibraryForMessages
from ..wire.protocol import frame
from .scratch import Folder

# As they were before any user code could replace them.
_write, _fstat, _open, _getpid = os.write, os.fstat, open, os.getpid
_open_descriptor = os.open
try:
    from fcntl import LOCK_EX as _EXCLUSIVE
    from fcntl import LOCK_UN as _UNLOCK
    from fcntl import lockf as _lockf
except ImportError:  # Windows, where no process forks
    _lockf = None  # type: ignore[assignment]  # the same name, on another system

HIGH = 64
"""How far above the usual limit of open files the private descriptors go, where the system allows it."""


def move_high(descriptor: int) -> int:
    """Return a copy of a descriptor that `os.closerange(3, sysconf('SC_OPEN_MAX'))` does not reach; close the old."""
    try:
        import fcntl
        import resource
    except ImportError:  # Windows
        return descriptor
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        floor = min(soft, 65536)
        wanted = floor + 2 * HIGH
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, soft), hard))
        try:
            copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, floor + 1)
        except OSError:  # no room above the limit: as high as possible below it
            copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(3, floor - HIGH))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    except (OSError, ValueError):
        return descriptor
    os.close(descriptor)
    return copy


class Channel:
    """Writes framed messages to a descriptor; to a file of `folder`, `fallback`, once that is not ours any more.

    It belongs to the process that made it, and to copies that adopt it: one message at a time is written, under a lock
    that ends with its process. User code may fork, and the copy may run on into our code: its messages are dropped (see
    `is_ours`).
    """

    def __init__(self, descriptor: int, token: bytes, folder: Folder, fallback: str) -> None:
        self._descriptor = move_high(descriptor)
        self._lock = move_high(folder.open_new(fallback + ".lock", os.O_RDWR))
        self._token = token
        self._fallback = os.path.join(folder.path, fallback)
        file = folder.open_new(fallback)
        self._fallback_identity = _identity(file)
        os.close(file)
        self._pid = _getpid()
        self._identity = _identity(self._descriptor)

    @property
    def is_ours(self) -> bool:
        """Whether this process is the one that made the channel, or adopted it."""
        return _getpid() == self._pid

    def adopt(self) -> None:
        """Let this process, a copy of one that has the channel, send too."""
        self._pid = _getpid()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message, whole."""
        if not self.is_ours:
            return
        with LibraryForMessages():
            data = frame(self._token, message)
            with self._locked():
                self._write(data)

    def _write(self, data: bytes) -> None:
        whole = data
        if _identity(self._descriptor) == self._identity is not None:
            try:
                while data:
                    data = data[_write(self._descriptor, data) :]
                return
            except OSError:
                pass
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with _open(_open_descriptor(self._fallback, flags), "ab") as file:
            if _identity(file.fileno()) == self._fallback_identity:
                file.write(whole)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock, which belongs to a process; without it if user code closed its file."""
        if _lockf is None:
            yield
            return
        with contextlib.suppress(OSError):
            _lockf(self._lock, _EXCLUSIVE)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                _lockf(self._lock, _UNLOCK)


def _identity(descriptor: int) -> tuple[int, int, int] | None:
    """Return what distinguishes a pipe from a file that user code has opened under its number since; None if closed."""
    try:
        status = _fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino, stat.S_IFMT(status.st_mode)


def replace_standard_streams(output: int) -> None:
    """Make stdin empty; send stdout and stderr to the descriptor `output`, unbuffered enough to keep their order."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in (null, output):
        if descriptor > 2:
            os.close(descriptor)
    # `closefd=False`: the descriptors stay open even if user code closes these objects.
    sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
