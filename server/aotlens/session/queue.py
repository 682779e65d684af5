"""What is to be traced, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotlens.model.snapshot import TargetKey


class Queue:
    """The targets to trace: those that rank lowest first, else in the order they were wanted."""

    def __init__(self) -> None:
        self._wanted: dict[TargetKey, None] = {}

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def __contains__(self, key: TargetKey) -> bool:
        return key in self._wanted

    def add(self, key: TargetKey) -> None:
        """Want a target; wanted twice is wanted once."""
        self._wanted.setdefault(key)

    def drop(self, key: TargetKey) -> None:
        """Do not want it any more."""
        self._wanted.pop(key, None)

    def clear(self) -> list[TargetKey]:
        """Want nothing any more. Gives what was wanted."""
        wanted = list(self._wanted)
        self._wanted.clear()
        return wanted

    def first(self, rank: Callable[[TargetKey], Any]) -> TargetKey | None:
        """The one that is next as things are now; None when there is none."""
        return min(self._wanted, key=rank, default=None)

    def next(self, rank: Callable[[TargetKey], Any]) -> TargetKey | None:
        """Take the next one; None when there is none."""
        key = self.first(rank)
        if key is not None:
            del self._wanted[key]
        return key
