"""The guardian: a small process between server and tracer, which ends all that is below it when either of them is gone.

The server starts it, it forks the tracer, and it waits. It imports no torch and runs no user code. Whatever a trace
leaves behind becomes its child in the end, however the tracer and its children end, because it is their subreaper.
It continues a tracer that was stopped, removes the tracer's folder, and ends in the way in which the tracer ended.
Linux alone has what this needs. Elsewhere the tracer is the server's own child.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import time

from .orphans import TRACER, adopt_orphans, die_with_parent, end_all, name_process, parent_signal
from .scratch import Folder, remove_if_ownerless

GRACE_SECONDS = 0.8
"""How long the tracer may take to end by itself once the server has closed its pipe. It sees that too."""
MOST_STOPS = 3
"""How often a tracer that was stopped is continued. One that is stopped again is ended: something wants it to stand."""
_LOOK_SECONDS = 10.0
"""How often the guardian looks even if nothing has woken it."""
_PF_EXITING = 0x4
"""The flag of a process that is ending, from `linux/sched.h`."""
_WAKING = ("SIGCHLD", "SIGTERM", "SIGHUP")


def stand_between(scratch: Folder | None) -> None:
    """Fork, and return in the new process, which is the tracer. This process guards it, and never returns.

    `scratch` is the tracer's folder; None if it has none. If the system offers no guardian, this does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    waking = _waking_pipe()
    adopt_orphans()
    guardian = os.getpid()
    try:
        tracer = os.fork()
    except OSError:  # no process is left: a tracer without a guardian is better than none
        _forget(waking)
        return
    if tracer == 0:
        _forget(waking)
        die_with_parent(guardian)
        os.setsid()  # a signal to the tracer's process group does not reach its guardian
        name_process(TRACER)
        return
    status, server = 1, os.getppid()
    try:
        status = _guard(tracer, server, waking[0])
    finally:
        with contextlib.suppress(OSError):
            os.kill(tracer, signal.SIGKILL)
        end_all()
        if scratch is not None:
            scratch.remove()
            _wait_if_ending(server)
            remove_if_ownerless(os.path.dirname(scratch.path))
        _end_like(status)


def _waking_pipe() -> tuple[int, int]:
    """Let the signals that matter here wake a `poll` of the first descriptor."""
    read, write = os.pipe()
    for descriptor in (read, write):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for name in _WAKING:
        signal.signal(getattr(signal, name), _note)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the command line decides, and closes the pipe
    return read, write


def _note(number: int, _: object) -> None:
    if number in (signal.SIGTERM, signal.SIGHUP):
        _asked.append(number)


_asked: list[int] = []
"""The signals that asked the guardian to end."""


def _forget(waking: tuple[int, int]) -> None:
    """Undo what `_waking_pipe` did."""
    signal.set_wakeup_fd(-1)
    for name in _WAKING:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    for descriptor in waking:
        os.close(descriptor)


def _guard(tracer: int, server: int, woken: int) -> int:
    """Wait until the tracer has ended, or has to; return its status as `os.waitpid` gives it, or that of this end."""
    name_process("aotlens-guard")
    parent_signal(signal.SIGTERM)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the guardian ends by the tracer's signal, and leaves no dump
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # the tracer alone answers: the server sees the end of the pipe as soon as that ends
    os.close(null)
    poll = select.poll()
    poll.register(woken, select.POLLIN)
    poll.register(0, 0)  # the tracer reads it; only its end is seen here
    stops = 0
    closed: float | None = None
    while True:
        pid, status = os.waitpid(tracer, os.WNOHANG | os.WUNTRACED)
        if pid and not os.WIFSTOPPED(status):
            return status
        if pid:
            stops += 1
            os.kill(tracer, signal.SIGKILL if stops > MOST_STOPS else signal.SIGCONT)
        if _asked:
            return _asked[0]
        if os.getppid() != server:
            return signal.SIGTERM
        if closed is not None and time.monotonic() - closed >= GRACE_SECONDS:
            return 0
        seconds = _LOOK_SECONDS if closed is None else max(0.0, closed + GRACE_SECONDS - time.monotonic())
        for descriptor, _ in poll.poll(seconds * 1000):
            if descriptor == woken:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 4096)
            else:
                poll.unregister(descriptor)
                closed = time.monotonic()


def _wait_if_ending(server: int) -> None:
    """If the server is about to end, wait until it has: it holds its lock a moment longer than its pipes."""
    deadline = time.monotonic() + GRACE_SECONDS
    while os.getppid() == server and time.monotonic() < deadline:
        try:
            with open(f"/proc/{server}/stat", "rb") as file:
                flags = int(file.read().rpartition(b")")[2].split()[6])
        except (OSError, ValueError, IndexError):
            return
        if not flags & _PF_EXITING:
            return
        time.sleep(0.002)


def _end_like(status: int) -> None:
    """End with an exit status, or by a signal, as the tracer did."""
    if os.WIFSIGNALED(status):
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)
