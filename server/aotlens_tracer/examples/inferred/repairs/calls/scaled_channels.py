"""Give arguments of lower rank all axes of the (1, channels, 1, 1) that they are combined with.

An author who writes a batch of one writes all axes.
"""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import Scaled
from ...tables.sizes import MAP
from ...values import tensors
from ..changes import with_shape
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for fact in failed.says(Scaled):
        for path, value in tensors(failed.arguments):
            if 1 < len(value.shape) < fact.rank:
                yield with_shape(failed, path, (value.shape[0], fact.channels, *(MAP,) * (fact.rank - 2)))


RULE = Rule("scaled-channels", "that a tensor is combined with one of shape (1, channels, 1, 1)", _propose)
