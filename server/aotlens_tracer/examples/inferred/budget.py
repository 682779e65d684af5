"""How long a search may take, and how far one call of user code may go."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from ...torch_private import TorchDispatchMode
from ...wire import problems as facts
from ..guards import TookTooLong, guarded
from .origins import Origins

OPERATIONS = 50_000
"""The most operations that one call may run."""
SECONDS = 20.0
"""Seconds that one search may take, of processor time, so that other processes change no answer."""
SECONDS_BY_CLOCK = 30.0
"""Seconds that one search may take by the clock."""
SECONDS_EACH = 10.0
"""Seconds that one attempt may take."""


class AttemptTooLong(Exception):
    """One attempt took longer than `SECONDS_EACH`."""

    def __init__(self) -> None:
        super().__init__(SECONDS_EACH)
        self.problem = facts.TookTooLong(SECONDS_EACH)


class Budget:
    """The time that is left for one search. It begins when this is made."""

    def __init__(self) -> None:
        self._computing = time.process_time() + SECONDS
        self._clock = time.monotonic() + SECONDS_BY_CLOCK

    @property
    def left(self) -> float:
        """Seconds."""
        return min(self._computing - time.process_time(), self._clock - time.monotonic())

    @contextlib.contextmanager
    def limited(self) -> Iterator[None]:
        """The context in which user code runs: without lasting effects, and not for long.

        Raises TookTooLong if the time for the search is up, AttemptTooLong if the time for this attempt is.
        """
        left = self.left
        if left <= 0:
            raise TookTooLong
        try:
            with guarded(min(left, SECONDS_EACH)):
                yield
        except TookTooLong:
            if self.left <= 0:
                raise
            raise AttemptTooLong from None


class Steps(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch: __init_subclass__ has no types
    """Counts the operations of a call, which says how far it came, and ends a call that takes too long.

    `origins` learns which arguments the results come from; None for a constructor.
    """

    supports_higher_order_operators = True

    def __init__(self, budget: Budget, origins: Origins | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch
        self.count = 0
        self._budget = budget
        self._origins = origins

    def __torch_dispatch__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        if self.count > OPERATIONS or self._budget.left <= 0:
            raise TookTooLong
        kwargs = kwargs or {}
        if self._origins is None:
            return function(*args, **kwargs)
        given = (*args, *kwargs.values())
        try:
            result = function(*args, **kwargs)
        except Exception:
            self._origins.failed(given)
            raise
        self._origins.note(given, result)
        return result
