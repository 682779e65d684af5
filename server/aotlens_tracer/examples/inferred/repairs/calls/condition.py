"""Make the condition hold that the user's own code checks: equal sides, a rank, or a size that divides another."""

from __future__ import annotations

import ast

import torch

from ...calling.inputs import Inputs
from ..changes import reranked, resized, retyped, with_shape
from ..failed_attempt import FailedAttempt
from ..places import Comparison, Place
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    place = failed.innermost()
    if place is None or not isinstance(failed.error, (AssertionError, ValueError, RuntimeError, TypeError)):
        return
    for comparison in place.comparisons():
        yield from _made_equal(failed, inputs, place, comparison)


def _made_equal(failed: FailedAttempt, inputs: Inputs, place: Place, compared: Comparison) -> Proposals:
    one, other = compared.left_value, compared.right_value
    if isinstance(compared.operator, (ast.In, ast.NotIn)) and isinstance(other, (tuple, list)):
        for choice in other:
            choice_of = Comparison(compared.left, one, ast.Eq(), compared.right, choice)
            yield from _made_equal(failed, inputs, place, choice_of)
    elif type(one) is int and type(other) is int:
        yield from _equal_sizes(failed, inputs, place, compared, one, other)
    elif isinstance(one, tuple) and isinstance(other, (tuple, list)):
        left, right = place.tensor_with_shape(compared.left), place.tensor_with_shape(compared.right)
        yield from _equal_shapes(failed, left, right)
        for size, wanted in zip(one, other) if len(one) == len(other) else ():
            if type(size) is int and type(wanted) is int and size != wanted:
                yield from resized(failed, size, wanted)
                yield from resized(failed, wanted, size)
    elif isinstance(one, torch.dtype) and isinstance(other, torch.dtype):
        yield from retyped(failed, str(other).removeprefix("torch."))


def _equal_sizes(
    failed: FailedAttempt, inputs: Inputs, place: Place, compared: Comparison, one: int, other: int
) -> Proposals:
    """The sides are sizes, or the rank of a tensor and the one that it should have, or a remainder and 0."""
    left = compared.left
    for side, wanted in ((left, other), (compared.right, one)):
        if (tensor := place.tensor_with_rank(side)) is not None:
            yield from reranked(failed, inputs, tensor, wanted)
            return
    if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod) and other == 0:
        size, divisor = place.value(left.left), place.value(left.right)
        if type(size) is int and type(divisor) is int and divisor:
            yield from resized(failed, size, max(round(size / divisor), 1) * divisor)
            yield from resized(failed, size, (size // divisor + 1) * divisor)
        return
    yield from resized(failed, one, other)
    yield from resized(failed, other, one)


def _equal_shapes(failed: FailedAttempt, one: object, other: object) -> Proposals:
    """`x.shape == y.shape` for two arguments: one takes the shape of the other; the shape of ids is the surest."""
    paths = [path for tensor in (one, other) for path, value in failed.values.items() if value is tensor]
    if len(paths) == 2:
        paths.sort(key=lambda path: not failed.tensor(path).is_integer)
        for kept, path in (paths, reversed(paths)):
            yield with_shape(failed, path, failed.tensor(kept).shape)


RULE = Rule("condition", "the comparisons of a condition that does not hold", _propose)
