"""A user's object as text. Its `__repr__` is code of theirs: it may raise, hang, or be as long as it likes."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from typing import Any

from ..wire.class_names import name_of_type

SECONDS = 2.0
"""How long the `__repr__` of all objects of a process may take together. After that, the class alone is named."""
_AGAIN = 0.5
"""Seconds between two interruptions: code that handles all exceptions is interrupted once more."""
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_left = SECONDS
_is_limited = False


class _TookTooLong(BaseException):
    """A `__repr__` took too long. It is not an Exception, so that the code does not handle it."""


def shown(value: Any, longest: int) -> str:
    """Return the repr of an object, cut to `longest` characters; `<Config>` if it fails or does not come in time."""
    if type(value) in _PLAIN:
        text = repr(value)
    else:
        try:
            with _limited():
                text = str.__str__(repr(value))  # the text of a subclass, too
        except (Exception, SystemExit, KeyboardInterrupt, _TookTooLong):
            text = f"<{name_of_type(type(value))}>"
    return text if len(text) <= longest else text[: longest - 3] + "..."


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Raise _TookTooLong when the time is up. A timer that runs already goes on afterwards."""
    global _left, _is_limited
    if _left <= 0:
        raise _TookTooLong
    start = time.monotonic()
    try:
        before = signal.signal(signal.SIGALRM, _interrupt)
    except (AttributeError, ValueError):  # Windows, or another thread
        yield
        return
    outer, interval = signal.getitimer(signal.ITIMER_REAL)
    _is_limited = True
    signal.setitimer(signal.ITIMER_REAL, min(_left, outer or _left), _AGAIN)
    try:
        yield
    finally:
        _is_limited = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        took = time.monotonic() - start
        _left -= took
        if outer:  # what is due already comes at once
            signal.setitimer(signal.ITIMER_REAL, max(outer - took, 1e-6), interval)


def _interrupt(*_: object) -> None:
    if _is_limited:
        raise _TookTooLong
