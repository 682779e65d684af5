"""Rules for convolutions, normalizations and losses: the channels and the classes have a dimension of their own.

A rule returns None if the sizes of a call fit. It may raise TypeError if the call itself is wrong.
"""

from __future__ import annotations

import torch

from .sides import Found, Given, Rule, Side, listed, rank_other_than, side_of, unequal, unequal_shapes


def convolution(spatial: int, transposed: bool = False) -> Rule:
    def rule(given: Given) -> Found | None:
        input, weight, bias = given.tensor(0, "input"), given.tensor(1, "weight"), given.optional(2, "bias")
        groups = int(given.get(7 if transposed else 6, "groups", default=1))
        if found := rank_other_than(input, spatial + 2, spatial + 1):
            return found
        channels = side_of(input, -spatial - 1)
        wanted = int(weight.shape[0 if transposed else 1]) * (1 if transposed else groups)
        if channels.size != wanted:
            return "size", (channels, Side(weight, 0 if transposed else 1, wanted))
        return unequal([side_of(weight, 0), side_of(bias, 0)]) if bias is not None and not transposed else None

    return rule


def batch_norm(given: Given) -> Found | None:
    input = given.tensor(0, "input")
    channels = side_of(input, 1)
    others = [given.optional(3, "weight"), given.optional(1, "running_mean"), given.optional(2, "running_var")]
    others.append(given.optional(4, "bias"))
    found = (unequal([channels, side_of(each, 0)]) for each in others if each is not None)
    return next(filter(None, found), None) or _one_value(given, input)


def _one_value(given: Given, input: torch.Tensor) -> Found | None:
    """Return a batch with a single value per channel, of which there is no variance in training."""
    is_training = given.get(5, "training", "use_input_stats", default=False)
    return ("elements", (Side(input, None, 1),)) if is_training and input.numel() == input.shape[1] else None


def group_norm(given: Given) -> Found | None:
    input, groups = given.tensor(0, "input"), int(given.get(1, "num_groups"))
    channels, weight = side_of(input, 1), given.optional(2, "weight")
    if weight is not None and (found := unequal([channels, side_of(weight, 0)])):
        return found
    if channels.size is not None and channels.size % groups:
        return "multiple", (channels, Side(None, None, groups))
    return None


def layer_norm(given: Given) -> Found | None:
    input, shape, weight = given.tensor(0, "input"), given.get(1, "normalized_shape"), given.optional(2, "weight")
    for back in range(1, len(shape) + 1):
        side = side_of(input, -back)
        if side.size != shape[-back]:
            other = side_of(weight, -back) if weight is not None else Side(None, None, shape[-back], listed(shape))
            return "size", (side, other)
    return None


def cross_entropy(given: Given) -> Found | None:
    """The classes are in dimension 1; a target of class numbers lacks that dimension."""
    input, target, weight = given.tensor(0, "input"), given.tensor(1, "target"), given.optional(2, "weight")
    if input.ndim > 1 and not target.is_floating_point():
        if target.ndim not in (input.ndim - 1,):
            return "rank", (Side(target, None, target.ndim), Side(None, None, input.ndim - 1))
        if found := unequal([side_of(input, 0), side_of(target, 0)]):
            return found
        for axis in range(1, target.ndim):
            if found := unequal([side_of(input, axis + 1), side_of(target, axis)]):
                return found
    elif found := unequal_shapes(input, target):
        return found
    return unequal([side_of(input, min(1, input.ndim - 1)), side_of(weight, 0)]) if weight is not None else None


def equal_shapes(given: Given) -> Found | None:
    return unequal_shapes(given.tensor(0, "input"), given.tensor(1, "target"))
