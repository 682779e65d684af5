"""Enlarge inputs that are smaller than the kernel or the padding that is applied to them."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import TooSmall
from ...values import tensors
from ..changes import resized, with_shape
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_FACTORS = (4, 16, 64)


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    facts = failed.says(TooSmall)
    for fact in facts:
        if fact.size is not None and fact.least is not None:
            yield from resized(failed, fact.size, 16 * fact.least)
    for path, value in tensors(failed.arguments) if facts else ():
        rank = len(value.shape)
        if rank > 1:
            kept = 2 if rank > 2 else 1
            for factor in _FACTORS:
                yield with_shape(failed, path, (*value.shape[:kept], *(size * factor for size in value.shape[kept:])))


RULE = Rule("too-small", "that a kernel or a padding is larger than the input", _propose)
