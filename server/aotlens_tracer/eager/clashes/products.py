"""Rules for matrix products: the inner sizes are equal, and the batches can be broadcast.

A rule returns None if the sizes of a call fit. It may raise TypeError if the call itself is wrong.
"""

from __future__ import annotations

import torch

from .sides import Found, Given, Side, rank_other_than, side_of, unequal


def linear(given: Given) -> Found | None:
    input, weight, bias = given.tensor(0, "input"), given.tensor(1, "weight"), given.optional(2, "bias")
    found = unequal([side_of(input, -1), side_of(weight, -1)])
    return found or (unequal([side_of(weight, 0), side_of(bias, 0)]) if bias is not None else None)


def bilinear(given: Given) -> Found | None:
    weight = given.tensor(2, "weight")
    pairs = ((given.tensor(0, "input1"), 1), (given.tensor(1, "input2"), 2))
    return next(filter(None, (unequal([side_of(input, -1), side_of(weight, axis)]) for input, axis in pairs)), None)


def _product(left: torch.Tensor, right: torch.Tensor) -> Found | None:
    """Return what does not fit in `left @ right`: the inner sizes, else the batches."""
    found = unequal([side_of(left, -1), side_of(right, -2 if right.ndim > 1 else -1)])
    if found:
        return found
    for back in range(3, min(left.ndim, right.ndim) + 1):
        sides = [side_of(each, -back) for each in (left, right) if each.shape[-back] != 1]
        if sides and (found := unequal(sides)):
            return found
    return None


def matmul(given: Given) -> Found | None:
    return _product(given.tensor(0, "input", "self"), given.tensor(1, "other", "mat2", "vec", "tensor"))


def reversed_matmul(given: Given) -> Found | None:
    return _product(given.tensor(1), given.tensor(0))


def bmm(given: Given) -> Found | None:
    left, right = given.tensor(0, "input", "self"), given.tensor(1, "mat2")
    return (
        rank_other_than(left, 3)
        or rank_other_than(right, 3)
        or unequal([side_of(left, 0), side_of(right, 0)])
        or _product(left, right)
    )


def mm(given: Given) -> Found | None:
    left, right = given.tensor(0, "input", "self"), given.tensor(1, "mat2")
    return rank_other_than(left, 2) or rank_other_than(right, 2) or _product(left, right)


def addmm(given: Given) -> Found | None:
    left, right = given.tensor(1, "mat1", "batch1", "mat"), given.tensor(2, "mat2", "batch2", "vec")
    return _product(left, right)


def tensordot(given: Given) -> Found | None:
    left, right, dims = given.tensor(0, "a"), given.tensor(1, "b"), given.get(2, "dims", default=2)
    pairs = zip(range(left.ndim - dims, left.ndim), range(dims)) if isinstance(dims, int) else zip(*dims)
    return next(filter(None, (unequal([side_of(left, one), side_of(right, two)]) for one, two in pairs)), None)


def einsum(given: Given) -> Found | None:
    equation, *operands = given.all()
    inputs = equation.replace(" ", "").partition("->")[0].split(",")
    seen: dict[str, Side] = {}
    for letters, tensor in zip(inputs, operands):
        if "." in letters:
            return None
        if len(letters) != tensor.ndim:
            return "rank", (Side(tensor, None, tensor.ndim), Side(None, None, len(letters), letters))
        for axis, letter in enumerate(letters):
            side = side_of(tensor, axis)
            if side.size != 1 and seen.setdefault(letter, side).size != side.size:
                return "size", (seen[letter], side)
    return None


def attention(given: Given) -> Found | None:
    query, key, value = given.tensor(0, "query"), given.tensor(1, "key"), given.tensor(2, "value")
    mask = given.optional(3, "attn_mask")
    grouped = bool(given.get(7, "enable_gqa", default=False))
    found = unequal([side_of(query, -1), side_of(key, -1)]) or unequal([side_of(key, -2), side_of(value, -2)])
    for back in range(3 + grouped, max(query.ndim, key.ndim, value.ndim) + 1):
        each = [one for one in (query, key, value) if one.ndim >= back and one.shape[-back] != 1]
        found = found or unequal([side_of(one, -back) for one in each])
    if mask is not None and not found:
        for back, other in ((1, key), (2, query)):
            if mask.ndim >= back and mask.shape[-back] != 1:
                found = found or unequal([side_of(mask, -back), side_of(other, -2)])
    return found
