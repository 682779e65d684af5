"""The queue of targets to trace, and the order in which they are taken from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aotlens.model.snapshot import TargetKey

from .states import States

Rank = tuple[bool, bool, bool, int, int]


class Ranking:
    """The order in which targets are traced.

    First comes the target that the user is in, then the other targets of its file, then those of the other open files,
    then all others. Among these, a target that no class of its file builds comes before those in whose calls others are
    recorded, and a near one first. `depth` returns the number of classes of its file that may build a target, and
    `is_open` whether a file is open.
    """

    def __init__(self, states: States, depth: Callable[[TargetKey], int], is_open: Callable[[str], bool]) -> None:
        self._states = states
        self._depth = depth
        self._is_open = is_open
        self._focus = ("", 0)
        self._lines: dict[str, Mapping[str, int]] = {}

    def focus(self, path: str, line: int) -> None:
        """Set the place in which the user is."""
        self._focus = (path, line)

    def set_definitions(self, path: str, lines: Mapping[str, int]) -> None:
        """Set the first line of each definition of a file, by qualified name."""
        self._lines[path] = lines

    def forget(self, path: str) -> None:
        """Forget the definitions of a file."""
        self._lines.pop(path, None)

    def rank(self, key: TargetKey) -> Rank:
        """Return a sort key: the smallest is traced first."""
        path, line = self._focus
        lines = self._lines.get(key.path, {})
        begins = lines.get(key.qualname, 0)
        is_closed, is_elsewhere = not self._is_open(key.path), key.path != path
        # The target that the user is in is the last one that begins at or above the line.
        above = (
            first
            for name, first in lines.items()
            if first <= line and self._states.get(TargetKey(key.path, name)) is not None
        )
        here = max(above, default=0)
        state = self._states.get(key)
        has_example = state is not None and bool(state.examples)
        depth = 0 if has_example else self._depth(key)
        return is_closed, is_elsewhere, is_elsewhere or begins != here, depth, abs(begins - line)


class Queue:
    """The targets to trace: the lowest rank first, and among equals the order in which they were added."""

    def __init__(self, rank: Callable[[TargetKey], Rank]) -> None:
        self._rank = rank
        self._keys: dict[TargetKey, None] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def __contains__(self, key: TargetKey) -> bool:
        return key in self._keys

    def add(self, key: TargetKey) -> None:
        """Add a target, if it is not in the queue."""
        self._keys.setdefault(key)

    def remove(self, key: TargetKey) -> None:
        """Remove a target, if it is in the queue."""
        self._keys.pop(key, None)

    def clear(self) -> list[TargetKey]:
        """Remove all targets and return them."""
        keys = list(self._keys)
        self._keys.clear()
        return keys

    def first(self) -> TargetKey | None:
        """Return the target that is next as things are now; None if the queue is empty."""
        return min(self._keys, key=self._rank, default=None)

    def take(self) -> TargetKey | None:
        """Remove the next target and return it; None if the queue is empty."""
        key = self.first()
        if key is not None:
            del self._keys[key]
        return key
