"""What is to be traced, and in which order."""

from __future__ import annotations

from collections.abc import Callable

from aotlens.features.snapshot import TargetKey


class Queue:
    """The targets to trace: the one nearest to where the user is first, then in the order they were wanted."""

    def __init__(self) -> None:
        self._wanted: dict[TargetKey, None] = {}
        self.focus: tuple[str, int] | None = None

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

    def first(self, line_of: Callable[[TargetKey], int]) -> TargetKey | None:
        """The one that is next as things are now; None when there is none."""
        if not self._wanted:
            return None
        order = {key: index for index, key in enumerate(self._wanted)}

        def rank(key: TargetKey) -> tuple[int, int, int]:
            if self.focus is None or key.path != self.focus[0]:
                return (1, 0, order[key])
            distance = self.focus[1] - line_of(key)
            # The class that the cursor is in begins at or above it.
            return (0, distance if distance >= 0 else 1_000_000 - distance, order[key])

        return min(self._wanted, key=rank)

    def next(self, line_of: Callable[[TargetKey], int]) -> TargetKey | None:
        """Take the next one; None when there is none."""
        key = self.first(line_of)
        if key is not None:
            del self._wanted[key]
        return key
