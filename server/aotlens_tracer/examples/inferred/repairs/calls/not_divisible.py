"""Give an axis a size that einops can divide."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import NotDivisible
from ..changes import resized
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for fact in failed.says(NotDivisible):
        size, divisor = fact.size, fact.divisor
        yield from resized(failed, size, max(round(size / divisor), 1) * divisor)
        yield from resized(failed, size, divisor)
        yield from resized(failed, size, (size // divisor + 1) * divisor)


RULE = Rule("not-divisible", "a size and what must divide it", _propose)
