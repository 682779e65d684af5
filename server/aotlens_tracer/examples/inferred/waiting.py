"""The calls that a search will try, in the order in which it does."""

from __future__ import annotations

import heapq
from collections.abc import Hashable

from .values import Arguments

STALE = 30
"""The additional cost of a repair of a call that failed as an earlier one did: its change made no difference."""


CHEAPEST = 4
"""Each call whose number this divides is the cheapest of all, so that a way that leads nowhere does not use up all."""


class Waiting:
    """The calls to try: those whose failure came furthest first, then by cost. Each is added once."""

    def __init__(self) -> None:
        self._furthest: list[tuple[int, ...]] = []
        self._cheapest: list[tuple[int, ...]] = []
        self._tried: set[int] = set()
        self._calls: dict[int, tuple[int, Arguments, str | None]] = {}
        self._seen: set[str] = set()
        self._failures: set[tuple[int, Hashable]] = set()

    def __len__(self) -> int:
        return len(self._calls) - len(self._tried)

    def add(self, progress: int, cost: int, arguments: Arguments, rule: str | None) -> None:
        """Add a call that `rule` proposed after one that ran `progress` operations."""
        text = repr(arguments)
        if text not in self._seen:
            self._seen.add(text)
            number = len(self._calls)
            self._calls[number] = (cost, arguments, rule)
            heapq.heappush(self._furthest, (-progress, cost, number))
            heapq.heappush(self._cheapest, (cost, number))

    def cost_of(self, progress: int, reason: Hashable) -> int:
        """The additional cost of the repairs of a call that failed for this reason after `progress` operations."""
        is_new = (progress, reason) not in self._failures
        self._failures.add((progress, reason))
        return 0 if is_new else STALE

    def next(self) -> tuple[int, Arguments, str | None]:
        """Take the next call: its cost, its arguments and the rule that proposed it."""
        is_cheapest = len(self._tried) % CHEAPEST == CHEAPEST - 1
        waiting = self._cheapest if is_cheapest else self._furthest
        number = heapq.heappop(waiting)[-1]
        while number in self._tried:
            number = heapq.heappop(waiting)[-1]
        self._tried.add(number)
        return self._calls[number]
