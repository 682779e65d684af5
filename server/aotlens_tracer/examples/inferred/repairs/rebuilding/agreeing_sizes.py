"""Build the module with other sizes, where those that it was built with do not fit each other in its call."""

from __future__ import annotations

from collections.abc import Iterator

from ...building.construction import Construction
from ...tables.facts import SizesDiffer, WrongSize
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    for one, other in _pairs(failed):
        for name, value in failed.arguments.items():
            for size in _others(value.expression, one, other):
                yield {**failed.arguments, name: Written(str(size))}


def _pairs(failed: FailedAttempt) -> Iterator[tuple[int, int]]:
    """The sizes that clash, either way round."""
    pairs = [(fact.one, fact.other) for fact in failed.says(SizesDiffer)]
    pairs += [(fact.got, fact.want) for fact in failed.says(WrongSize)]
    for one, other in pairs:
        yield one, other
        yield other, one


def _others(text: str, one: int, other: int) -> Iterator[int]:
    """Sizes for an argument that is `one`, or that `one` is computed from, so that it becomes `other`."""
    size = int(text) if text.isdigit() else 0
    if size > 1 and (size == one or one % size == 0) and (size * other) % one == 0 and size * other // one > 0:
        yield size * other // one


RULE = Rule("agreeing-sizes", "two sizes that clash in the call", _propose)
