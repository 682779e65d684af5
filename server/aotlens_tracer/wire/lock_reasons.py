"""How a target differs from the calling convention that a lock has of it, as data. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged


@dataclass(frozen=True)
class Numbers:
    """The numbers of a target, or their differences. `saved` is None if one of two is not known."""

    inputs: int
    outputs: int
    tangents: int
    trained: int
    mutated: int
    saved: int | None
    breaks: int


@dataclass(frozen=True)
class NotAsLocked(Tagged):
    """The target is not as the file `lock` has it.

    `what` is changed (`more` are the differences of its numbers, in so many `changes`), target-added (the lock does not
    have it), target-removed (it is no target any more), not-traced or traced-again; `before` and `after` are the stages
    at which its trace failed and fails.
    """

    lock: str
    what: Literal["changed", "target-added", "target-removed", "not-traced", "traced-again"]
    more: Numbers | None = None
    changes: int = 0
    before: str = ""
    after: str = ""
