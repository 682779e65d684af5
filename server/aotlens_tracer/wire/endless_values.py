"""The problem of a value that contains itself. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged


@dataclass(frozen=True)
class ContainsItself(Tagged):
    """A value that the call takes or returns contains itself: the expression `inner` is the value `outer`."""

    outer: str
    inner: str
    is_result: bool
