"""Rules for operations that make other shapes of tensors: `cat`, `view`, `expand`, indices.

A rule returns None if the sizes of a call fit. It may raise TypeError if the call itself is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .sides import Found, Given, Rule, Side, clashing_in_broadcast, listed, not_divided, side_of, unequal


def cat(given: Given) -> Found | None:
    tensors, dim = given.get(0, "tensors"), given.get(1, "dim", "axis", default=0)
    kept = [each for each in tensors if each.ndim != 1 or each.shape[0] != 0]
    first = kept[0]
    for other in kept[1:]:
        if other.ndim != first.ndim:
            return "rank", (Side(first, None, first.ndim), Side(other, None, other.ndim))
    for axis in range(first.ndim):
        if axis != dim % first.ndim and (found := unequal([side_of(each, axis) for each in kept])):
            return found
    return None


def stack(given: Given) -> Found | None:
    tensors = given.get(0, "tensors")
    for other in tensors[1:]:
        if other.ndim != tensors[0].ndim:
            return "rank", (Side(tensors[0], None, tensors[0].ndim), Side(other, None, other.ndim))
    found = (unequal([side_of(each, axis) for each in tensors]) for axis in range(tensors[0].ndim))
    return next(filter(None, found), None)


def view(given: Given) -> Found | None:
    tensor = given.tensor(0, "input", "self")
    if isinstance(given.get(1, "dtype", "size", "shape"), torch.dtype):
        return None
    sizes = given.numbers(1, "size", "shape")
    return not_divided(Side(tensor, None, tensor.numel()), sizes, "elements")


def view_as(given: Given) -> Found | None:
    tensor, other = given.tensor(0, "self"), given.tensor(1, "other")
    if tensor.numel() == other.numel():
        return None
    return "elements", (Side(tensor, None, tensor.numel()), Side(other, None, other.numel()))


def unflatten(given: Given) -> Found | None:
    tensor, dim, sizes = given.tensor(0, "input"), given.get(1, "dim"), given.get(2, "sizes", "unflattened_size")
    return not_divided(side_of(tensor, dim), [int(each) for each in sizes], "size")


def expand(given: Given) -> Found | None:
    tensor = given.tensor(0, "input", "self")
    other = given.optional(1, "other")
    sizes = list(other.shape) if other is not None else given.numbers(1, "size", "sizes")
    if len(sizes) < tensor.ndim:
        return "rank", (Side(tensor, None, tensor.ndim), Side(other, None, len(sizes), listed(sizes)))
    for back in range(1, tensor.ndim + 1):
        if sizes[-back] not in (-1, tensor.shape[-back]) and tensor.shape[-back] != 1:
            wanted = side_of(other, -back) if other is not None else Side(None, None, sizes[-back], listed(sizes))
            return "size", (side_of(tensor, -back), wanted)
    return None


def item(given: Given) -> Found | None:
    """Integers outside of a dimension, and masks of another size."""
    tensor, keys = given.tensor(0), given.get(1)
    keys = keys if isinstance(keys, tuple) else (keys,)
    taken = sum(each.ndim if isinstance(each, torch.Tensor) and each.dtype == torch.bool else 1 for each in _real(keys))
    if taken > tensor.ndim:
        return "rank", (Side(tensor, None, tensor.ndim), Side(None, None, taken))
    axis = 0
    for key in keys:
        if key is Ellipsis:
            axis += tensor.ndim - taken
        elif isinstance(key, torch.Tensor) and key.dtype == torch.bool:
            for own in range(key.ndim):
                if key.shape[own] != tensor.shape[axis + own]:
                    return "size", (side_of(tensor, axis + own), side_of(key, own))
            axis += key.ndim
        elif key is not None and not isinstance(key, bool):
            if isinstance(key, int) and not -tensor.shape[axis] <= key < tensor.shape[axis]:
                return "index", (side_of(tensor, axis), Side(None, None, key))
            axis += 1
    return clashing_in_broadcast(each for each in keys if isinstance(each, torch.Tensor) and each.dtype != torch.bool)


def _real(keys: Sequence[Any]) -> list[Any]:
    return [each for each in keys if each is not None and each is not Ellipsis and not isinstance(each, bool)]


def permute(given: Given) -> Found | None:
    tensor, dims = given.tensor(0, "input"), given.numbers(1, "dims")
    if len(dims) == tensor.ndim:
        return None
    return "rank", (Side(tensor, None, tensor.ndim), Side(None, None, len(dims), listed(dims)))


def dimension(*positions: int) -> Rule:
    """A rule for functions that are given the numbers of dimensions."""

    def rule(given: Given) -> Found | None:
        tensor = given.tensor(0, "input", "self")
        for position in positions:
            dim = given.get(position, f"dim{position - 1}" if len(positions) > 1 else "dim", "axis")
            if isinstance(dim, int) and not -tensor.ndim <= dim < tensor.ndim:
                return "index", (Side(tensor, None, tensor.ndim), Side(None, None, dim))
        return None

    return rule


def split(given: Given) -> Found | None:
    tensor, sizes = given.tensor(0, "tensor", "self"), given.get(1, "split_size_or_sections", "split_size")
    dim = given.get(2, "dim", default=0)
    if not isinstance(sizes, (list, tuple)) or sum(sizes) == tensor.shape[dim]:
        return None
    return "size", (side_of(tensor, dim), Side(None, None, sum(sizes), listed(sizes)))


def pick(given: Given) -> Found | None:
    """A rule for `select`, `narrow`: an index outside of a dimension."""
    tensor, dim, index = given.tensor(0, "input"), given.get(1, "dim"), given.get(2, "index", "start")
    if isinstance(dim, int) and isinstance(index, int) and not -tensor.shape[dim] <= index < tensor.shape[dim]:
        return "index", (side_of(tensor, dim), Side(None, None, index))
    return None
