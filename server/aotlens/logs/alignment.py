"""Two lists of values in the same order, of which one lacks some: which of them can belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_TENSOR = re.compile(r"(\w+)\[([^\]]*)\]")
_SYMBOL = re.compile(r"[A-Za-z(]")
_NOT_DIFFERENTIABLE = re.compile(r"(?:[iu]\d+|b8|Sym)\b|Sym\(")


def can_be_equal(one: str | None, other: str | None) -> bool:
    """Whether two types as torch prints them can be of one value. Strides, devices and symbolic sizes are ignored."""
    if one is None or other is None:
        return True
    first, second = _TENSOR.match(one), _TENSOR.match(other)
    if first is None or second is None:
        other_kind = one if first is None else other  # `Sym(s0)`, or `torch.Tensor`, which says nothing
        return (first is None and second is None) or not other_kind.startswith("Sym(")
    if first[1] != second[1]:
        return False
    sizes = [[size.strip() for size in found[2].split(",") if size.strip()] for found in (first, second)]
    return len(sizes[0]) == len(sizes[1]) and all(
        a == b or bool(_SYMBOL.search(a) or _SYMBOL.search(b)) for a, b in zip(*sizes, strict=True)
    )


def can_have_gradient(type_text: str | None) -> bool:
    """Whether a value of a type can have a gradient: integers, booleans and sizes have none."""
    return type_text is None or _NOT_DIFFERENTIABLE.match(type_text) is None


def are_equal(one: str | None, other: str | None) -> bool:
    """Whether two types of one graph can be of one value: there a symbolic size has one name."""
    if one is None or other is None:
        return True
    first, second = _TENSOR.match(one), _TENSOR.match(other)
    return first is not None and second is not None and first[0].replace(" ", "") == second[0].replace(" ", "")


def aligned(
    short: Sequence[str | None],
    long: Sequence[str | None],
    fits: Callable[[str | None, str | None], bool] = can_be_equal,
) -> list[int | None]:
    """The index in `long` that each type of `short` belongs to, both in the same order; None if it is not certain.

    `fits` says whether two types can be of one value.
    """
    if len(short) > len(long):
        return [None] * len(short)
    earliest: list[int] = []
    position = 0
    for type_text in short:
        while position < len(long) and not fits(type_text, long[position]):
            position += 1
        if position == len(long):
            return [None] * len(short)
        earliest.append(position)
        position += 1
    latest: list[int] = []
    position = len(long) - 1
    for type_text in reversed(short):
        while not fits(type_text, long[position]):
            position -= 1
        latest.append(position)
        position -= 1
    return [one if one == other else None for one, other in zip(earliest, reversed(latest), strict=True)]
