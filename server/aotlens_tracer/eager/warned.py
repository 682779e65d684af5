"""Warnings of a run, each with the user's expression that leads to it."""

from __future__ import annotations

import contextlib
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

from ..failures import Codebase
from ..graph.stack_traces import source_text, span_of
from ..wire.eager_run import EagerWarning
from ..wire.places import Span


@contextlib.contextmanager
def recorded_warnings(codebase: Codebase) -> Iterator[dict[EagerWarning, None]]:
    """Collect the warnings that are given in this context, each once, in their order; none is printed."""
    found: dict[EagerWarning, None] = {}

    def note(message: Any, *_: Any, **__: Any) -> None:
        span = users_expression(sys._getframe(1), codebase)
        found.setdefault(EagerWarning(str(message), span, source_text(span) if span is not None else None))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = note
        yield found


def users_expression(frame: types.FrameType | None, codebase: Codebase) -> Span | None:
    """Return the expression that the user's innermost frame is at, from a frame on; None if none is the user's."""
    while frame is not None:
        if codebase.owns(frame.f_code.co_filename):
            return span_of(frame)
        frame = frame.f_back
    return None
