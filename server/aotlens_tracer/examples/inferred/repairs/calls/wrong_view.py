"""Give a tensor that is viewed with another number of elements the sizes of that view."""

from __future__ import annotations

import math

import torch

from ...calling.inputs import Inputs
from ...tables.facts import WrongView
from ..changes import resized, with_size
from ..failed_attempt import FailedAttempt
from ..rule import Distance, Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for fact in failed.says(WrongView):
        known = math.prod(size for size in fact.shape if size > 0)
        if -1 not in fact.shape:
            yield from resized(failed, fact.count, known)
        place = failed.innermost()
        for name in place.names() if place is not None else ():
            tensor = place.variables[name] if place is not None else None
            if isinstance(tensor, torch.Tensor) and tensor.numel() == fact.count:
                yield from _fitted(failed, fact, known, tensor)


def _fitted(failed: FailedAttempt, fact: WrongView, known: int, tensor: torch.Tensor) -> Proposals:
    """Propose other sizes for the argument `tensor`, so that its number of elements fits the view.

    `known` is the product of the view's known sizes.
    """
    is_open = -1 in fact.shape
    for path in failed.paths_of(tensor):
        shape = failed.tensor(path).shape
        for axis in reversed(range(1, len(shape))):
            rest = fact.count // shape[axis] if shape[axis] else 0
            if rest and known % rest == 0 and not is_open:
                yield with_size(failed, path, axis, known // rest)
            else:
                yield with_size(failed, path, axis, shape[axis] * known)
        if is_open and fact.count % known:
            yield with_size(failed, path, 0, shape[0] * (known // math.gcd(known, fact.count)))
        for size in fact.shape:
            if size > 1:
                yield with_size(failed, path, len(shape) - 1, size)


RULE = Rule("wrong-view", "the sizes of a view, and the number of elements that it is given", _propose, Distance.LIKELY)
