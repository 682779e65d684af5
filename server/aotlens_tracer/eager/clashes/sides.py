"""The sides of a clash, the arguments of a call, and what many rules have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ...wire.operands import ClashKind
from ..calls import Call


@dataclass(frozen=True)
class Side:
    """One side of a clash: a tensor, or None for numbers; the rest as in `ClashingPart`."""

    value: torch.Tensor | None
    axis: int | None = None
    size: int | None = None
    text: str | None = None


Found = tuple[ClashKind, tuple[Side, ...]]
Rule = Callable[["Given"], Found | None]


class Given:
    """The arguments of a call."""

    def __init__(self, call: Call) -> None:
        self._args = call.args
        self._kwargs = call.kwargs

    def get(self, index: int, *names: str, default: Any = None) -> Any:
        """Return an argument by its index or one of its names."""
        if index < len(self._args):
            return self._args[index]
        return next((self._kwargs[name] for name in names if name in self._kwargs), default)

    def tensor(self, index: int, *names: str) -> torch.Tensor:
        """Return an argument that is a tensor. Raises TypeError if it is none."""
        value = self.get(index, *names)
        if not isinstance(value, torch.Tensor):
            raise TypeError
        return value

    def optional(self, index: int, *names: str) -> torch.Tensor | None:
        """Return an argument if it is a tensor."""
        value = self.get(index, *names)
        return value if isinstance(value, torch.Tensor) else None

    def all(self) -> list[Any]:
        """Return all arguments, those of lists one by one."""
        found: list[Any] = []
        for value in (*self._args, *self._kwargs.values()):
            found += value if isinstance(value, (list, tuple)) else [value]
        return found

    def numbers(self, index: int, *names: str) -> list[int]:
        """Return the integers from an argument on: `view(2, 3)` and `view((2, 3))`."""
        value = self.get(index, *names)
        numbers = value if isinstance(value, (list, tuple, torch.Size)) else self._args[index:]
        return [int(number) for number in numbers]


def side_of(tensor: torch.Tensor, axis: int) -> Side:
    axis = axis % tensor.ndim
    return Side(tensor, axis, int(tensor.shape[axis]))


def rank_other_than(tensor: torch.Tensor, *wanted: int) -> Found | None:
    if tensor.ndim in wanted:
        return None
    return "rank", (Side(tensor, None, tensor.ndim), Side(None, None, wanted[0]))


def unequal(sides: Sequence[Side]) -> Found | None:
    """Return the first side and the first one that differs from it; None if all are of one size."""
    other = next((side for side in sides if side.size != sides[0].size), None)
    return ("size", (sides[0], other)) if other is not None else None


def unequal_shapes(one: torch.Tensor, other: torch.Tensor) -> Found | None:
    if one.ndim != other.ndim:
        return "rank", (Side(one, None, one.ndim), Side(other, None, other.ndim))
    found = (unequal([side_of(one, axis), side_of(other, axis)]) for axis in range(one.ndim))
    return next(filter(None, found), None)


def not_divided(side: Side, sizes: Sequence[int], kind: ClashKind) -> Found | None:
    """Return a number that some sizes, one of which may be -1, do not divide among them."""
    wanted, total = math.prod(size for size in sizes if size != -1), side.size
    assert total is not None
    if -1 not in sizes:
        return None if wanted == total else (kind, (side, Side(None, None, wanted, listed(sizes))))
    fits = wanted != 0 and total % wanted == 0
    return None if fits else ("multiple", (side, Side(None, None, wanted, listed(sizes))))


def listed(sizes: Sequence[int]) -> str:
    return f"[{', '.join(map(str, sizes))}]"


def clashing_in_broadcast(tensors: Iterable[Any]) -> Found | None:
    """Return the first dimension, counted from the last one, in which tensors cannot be broadcast together."""
    given = [each for each in tensors if isinstance(each, torch.Tensor)]
    for back in range(1, max((each.ndim for each in given), default=0) + 1):
        sides = [side_of(each, -back) for each in given if each.ndim >= back and each.shape[-back] != 1]
        if found := unequal(sides):
            return found
    return None
