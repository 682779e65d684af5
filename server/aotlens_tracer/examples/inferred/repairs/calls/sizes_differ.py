"""Make two sizes equal that a matrix product, a concatenation or an element-wise operation found different."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import SizesDiffer
from ..changes import resized
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for fact in failed.says(SizesDiffer):
        yield from resized(failed, fact.one, fact.other)
        yield from resized(failed, fact.other, fact.one)


RULE = Rule("sizes-differ", "two sizes that must be equal", _propose)
