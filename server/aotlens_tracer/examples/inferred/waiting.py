"""The calls that a search will try, in the order in which it does."""

from __future__ import annotations

import heapq
import itertools

from .values import Arguments


class Waiting:
    """The calls to try: those whose failure came furthest first, then by cost. Each is added once."""

    def __init__(self) -> None:
        self._heap: list[tuple[tuple[int, int, int], Arguments, str | None]] = []
        self._seen: set[str] = set()
        self._counter = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, progress: int, cost: int, arguments: Arguments, rule: str | None) -> None:
        """Add a call that `rule` proposed after one that ran `progress` operations."""
        text = repr(arguments)
        if text not in self._seen:
            self._seen.add(text)
            heapq.heappush(self._heap, ((-progress, cost, next(self._counter)), arguments, rule))

    def next(self) -> tuple[int, Arguments, str | None]:
        """Take the next call: its cost, its arguments and the rule that proposed it."""
        (_, cost, _), arguments, rule = heapq.heappop(self._heap)
        return cost, arguments, rule
