"""Bounds for code that was found and not meant to be run here: no lasting effects, and little time.

A call site that uses the network, starts a process or writes a file is given up, and so is one that takes too long.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..wire import problems as facts

_ON_PATHS: dict[str, tuple[tuple[int, int | None], ...]] = {
    **dict.fromkeys(("os.remove", "os.rmdir"), ((0, 1),)),
    **dict.fromkeys(("os.mkdir", "os.chmod"), ((0, 2),)),
    **dict.fromkeys(("os.rename", "os.link"), ((0, 2), (1, 3))),
    **dict.fromkeys(("os.truncate", "shutil.rmtree"), ((0, None),)),
    "os.chown": ((0, 3),),
    "os.symlink": ((1, 2),),
    "shutil.move": ((0, None), (1, None)),
}
"""The audit events (PEP 578) that change files: where each path, and the descriptor of its folder, is an argument."""
_EVENTS = frozenset(
    (
        *("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.system", "os.exec"),
        *("os.posix_spawn", "os.fork", "os.forkpty", "os.kill", "os.killpg"),
    )
)
"""The audit events of other lasting effects, apart from opening a file to write it."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class SideEffect(PermissionError):
    """Code that was found tries to have a lasting effect.

    It is a PermissionError, because code that can work without the effect handles that.
    """

    def __init__(self, problem: facts.SideEffect) -> None:
        super().__init__(problem.path or problem.event)
        self.problem = problem


class TookTooLong(BaseException):
    """Code that was found took longer than `seconds`; None for the limits of a search.

    It is not an Exception, so that the code does not handle it.
    """

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__(seconds)
        self.problem = facts.TookTooLong(seconds)


before_found_code: Callable[[], None] | None = None
"""A child fences itself in as a whole with it. None in a process without a fence of its own."""
scratch: str | None = None
"""The folder that a child may fill. None in a process without a folder of its own."""
_active = 0
_installed = False


def fence_in_found_code() -> None:
    """Let the fence of this process be whole from now on, if it has one: what runs next was found."""
    if before_found_code is not None:
        before_found_code()


@contextlib.contextmanager
def guarded(seconds: float) -> Iterator[None]:
    """Raise SideEffect and TookTooLong in code that runs in this context."""
    global _active, _installed
    if not _installed:
        sys.addaudithook(_audit)  # there is no way to remove one
        _installed = True
    fence_in_found_code()
    _active += 1
    try:
        with _limited(seconds):
            yield
    finally:
        _active -= 1


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _active:
        return
    if event == "open":
        path, mode, flags = (*arguments, None, None, None)[:3]
        writes = any(letter in (mode or "") for letter in "wax+") or (mode is None and bool((flags or 0) & _WRITING))
        if writes and isinstance(path, (str, bytes)) and not _may_write(os.fsdecode(path)):
            raise SideEffect(facts.SideEffect(path=os.fsdecode(path)))
    elif event in _EVENTS or (event in _ON_PATHS and not _is_in_scratch(event, arguments)):
        raise SideEffect(facts.SideEffect(event=f"{event}{_brief(arguments)}"))


def _may_write(path: str) -> bool:
    return path == os.devnull or (
        scratch is not None and f"{os.path.realpath(path)}{os.sep}".startswith(scratch + os.sep)
    )


def _is_in_scratch(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether all paths that an event changes are in the folder that a child may fill."""
    for place, folder in _ON_PATHS[event]:
        path = arguments[place]
        if not isinstance(path, (str, bytes)):
            return False
        path = os.fsdecode(path)
        descriptor = arguments[folder] if folder is not None and folder < len(arguments) else -1
        if type(descriptor) is int and descriptor >= 0 and not os.path.isabs(path):
            try:
                path = os.path.join(os.readlink(f"/proc/self/fd/{descriptor}"), path)
            except OSError:  # not Linux
                return False
        if not _may_write(path):
            return False
    return True


def _brief(arguments: tuple[Any, ...]) -> str:
    shown = [repr(argument) for argument in arguments if isinstance(argument, (str, int, tuple, list))]
    return f"({', '.join(shown)[:80]})"


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):
        yield
        return

    def on_alarm(*_: object) -> None:
        raise TookTooLong(seconds)

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
