"""Make two sizes equal that a matrix product, a concatenation or an element-wise operation found different."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import SizesDiffer
from ..changes import resized
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    facts = failed.says(SizesDiffer)
    for fact in facts:
        for got, want in ((fact.one, fact.other), (fact.other, fact.one)):
            for tensor in failed.origins.operands:
                if got in tensor.shape and failed.sources_of(tensor):
                    yield from resized(failed, got, want, tensor)
    for fact in facts:
        yield from resized(failed, fact.one, fact.other)
        yield from resized(failed, fact.other, fact.one)


RULE = Rule("sizes-differ", "two sizes that must be equal", _propose)
