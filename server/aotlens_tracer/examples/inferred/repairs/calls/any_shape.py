"""Try the shapes that tensors usually have, one argument at a time."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...values import tensors, with_tensor
from ..failed_attempt import FailedAttempt
from ..rule import Distance, Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for path, _ in tensors(failed.arguments):
        if len(path) == 1:
            for value in inputs.shapes(str(path[0])):
                yield with_tensor(failed.arguments, path, value)


RULE = Rule("any-shape", "nothing", _propose, Distance.FALLBACK)
