"""Make an input longer of which a slice is empty: the slice begins after its end."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ...calling.inputs import Inputs
from ...tables.facts import SizesDiffer
from ..changes import with_size
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    wanted = [max(fact.one, fact.other) for fact in failed.says(SizesDiffer) if 0 in (fact.one, fact.other)]
    for size in wanted:
        for tensor in _empty(failed):
            axis = tensor.shape.index(0)
            for path in failed.sources_of(tensor):
                shape = failed.tensor(path).shape
                if size and len(shape) == tensor.ndim:
                    # A slice of one is broadcast, so that it did not fail: the input ended there by accident.
                    full = shape[axis] - 1 if size > 1 and shape[axis] % size == 1 else shape[axis]
                    yield with_size(failed, path, axis, full + size)


def _empty(failed: FailedAttempt) -> Iterator[torch.Tensor]:
    """Yield the operands of the failed operation with an axis of size 0, then such variables of the failing lines."""
    variables = [place.variables[name] for place in failed.users() for name in place.names()]
    for value in (*failed.origins.operands, *variables):
        if isinstance(value, torch.Tensor) and 0 in value.shape:
            yield value


RULE = Rule("empty-slice", "that a slice of an input is empty", _propose)
