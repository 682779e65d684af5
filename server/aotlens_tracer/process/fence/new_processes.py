"""New processes: a child asks for each, and the tracer lets it begin (notifications of seccomp, since Linux 5.5).

All that the child starts asks too. Nothing can fork faster than the tracer counts, and nothing can fork at all once the
tracer has closed its end, or has ended: what is left below the child is ended for good then, whatever it does. No limit
of the system does that: `RLIMIT_NPROC` does not hold root, and counts all that a user runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
from collections.abc import Callable

try:
    import fcntl
except ImportError:  # Windows, where nobody asks
    fcntl = None  # type: ignore[assignment]  # the same name, on another system

from . import call_filter

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
"""SECCOMP_IOCTL_NOTIF_RECV and SECCOMP_IOCTL_NOTIF_SEND, from `linux/seccomp.h`."""
_REQUEST = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")
_GO_ON = 1
"""SECCOMP_USER_NOTIF_FLAG_CONTINUE: the call is made as if nobody had been asked."""
_MOST_AT_ONCE = 64


def pair() -> tuple[int, int]:
    """Return the tracer's and the child's end of the socket over which the child sends what it asks through."""
    tracer, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return tracer.detach(), child.detach()


def ask_from_now_on(end: int) -> None:
    """Let this process, and all that it starts, ask for new processes, if the system can do that."""
    with socket.socket(fileno=end) as to_tracer, contextlib.suppress(OSError):
        listener = call_filter.ask_for_processes()
        try:
            socket.send_fds(to_tracer, [b"x"], [listener])
        finally:
            os.close(listener)


def received(end: int) -> int | None:
    """Return the descriptor on which a child asks, once its end is readable; None if the child does not ask."""
    with socket.socket(fileno=os.dup(end)) as from_child:
        try:
            _, found, _, _ = socket.recv_fds(from_child, 1, 1, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
        except OSError:
            return None
    return found[0] if found else None


def let_begin(listener: int, may_begin: Callable[[], bool]) -> bool:
    """Let the processes begin that are asked for, as long as they may; return False once nobody can ask any more."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    for _ in range(_MOST_AT_ONCE):
        ready = poll.poll(0)
        if not ready or not ready[0][1] & select.POLLIN:  # to read then would wait
            return not ready
        if not may_begin():
            return True
        try:
            request = bytearray(_REQUEST.size)
            fcntl.ioctl(listener, _RECEIVE, request)
            fcntl.ioctl(listener, _SEND, _ANSWER.pack(_REQUEST.unpack(request)[0], 0, 0, _GO_ON))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EINTR):  # who asked has ended, or asks again after a signal
                raise
    return True
