"""The calls that a search will try, in the order in which it does."""

from __future__ import annotations

import heapq
import itertools

from .values import Arguments

STALE = 30
"""The additional cost of a repair of a call that failed as an earlier one did: its change made no difference."""


class Waiting:
    """The calls to try: those whose failure came furthest first, then by cost. Each is added once."""

    def __init__(self) -> None:
        self._failures: set[tuple[int, str]] = set()
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

    def cost_of(self, progress: int, message: str) -> int:
        """The additional cost of the repairs of a call that failed with this message after `progress` operations."""
        is_new = (progress, message) not in self._failures
        self._failures.add((progress, message))
        return 0 if is_new else STALE

    def next(self) -> tuple[int, Arguments, str | None]:
        """Take the next call: its cost, its arguments and the rule that proposed it."""
        (_, cost, _), arguments, rule = heapq.heappop(self._heap)
        return cost, arguments, rule
