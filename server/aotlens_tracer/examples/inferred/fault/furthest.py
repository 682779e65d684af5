"""The call that came furthest in a search, and for how long none came further."""

from __future__ import annotations

from .experiment import Called


class Furthest:
    """The call that came furthest, and how many that followed came no further."""

    def __init__(self) -> None:
        self._furthest: tuple[Called, str | None] | None = None
        self._site: tuple[object, ...] | None = None
        self._count = 0
        self._is_examined = False

    def add(self, called: Called, rule: str | None, site: tuple[object, ...]) -> bool:
        """Add a call that failed at `site`, with the rule that proposed it. Return whether it came further.

        More operations within a loop before the same place are no further.
        """
        is_further = self._furthest is None or called.outcome.progress > self._furthest[0].outcome.progress
        if is_further and site != self._site:
            self._furthest, self._site, self._count, self._is_examined = (called, rule), site, 0, False
            return True
        self._count += 1
        return False

    @property
    def call(self) -> tuple[Called, str | None] | None:
        """The furthest call with its rule; None if there is none."""
        return self._furthest

    def for_long(self, patience: int) -> tuple[Called, str | None] | None:
        """Return the furthest call if at least `patience` others came no further, once."""
        if self._is_examined or self._count < patience:
            return None
        self._is_examined = True
        return self._furthest
