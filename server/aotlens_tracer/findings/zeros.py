"""Facts about values that are zero whatever a graph's inputs are, and access to the arguments of nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from ..wire.zero_gradients import HowZero

Node = torch.fx.Node
Cause = tuple[HowZero, Node]


@dataclass(frozen=True)
class Range:
    """The indices `start` to `stop` (exclusive) of one dimension: elsewhere a value is zero."""

    dim: int
    start: int
    stop: int


@dataclass(frozen=True)
class Zero:
    """A value that is zero, but for what is `left`; with None it is zero everywhere.

    With real, the imaginary part of a complex value is zero; with imaginary, its real part. `causes` are the nodes
    that make a gradient zero; a value that is no gradient has none.
    """

    causes: frozenset[Cause] = frozenset()
    left: Range | Literal["real", "imaginary"] | None = None


Known = dict[Node, Zero]
Rule = Callable[[Node, Known], Zero | None]


def known_of(given: Any, known: Known) -> Zero | None:
    """Return what is known of an argument, a node or a number; None if it need not be zero anywhere."""
    if isinstance(given, Node):
        return known.get(given)
    return Zero() if isinstance(given, (int, float, complex)) and given == 0 else None


def whole(given: Any, known: Known) -> Zero | None:
    """Return what is known of an argument if it is zero everywhere, else None."""
    value = known_of(given, known)
    return value if value is not None and value.left is None else None


def all_zero(values: Sequence[Any], known: Known) -> Zero | None:
    """Return a value made of these, if all of them are zero everywhere, else None."""
    found = [value for given in values if (value := whole(given, known)) is not None]
    if len(found) < len(values):
        return None
    return Zero(frozenset[Cause]().union(*(value.causes for value in found)))


def argument(node: Node, position: int, name: str, default: Any = None) -> Any:
    """Return an argument of a node by its position or its name."""
    return node.args[position] if len(node.args) > position else node.kwargs.get(name, default)


def shape_of(node: Any) -> tuple[int, ...] | None:
    """Return the shape of what a node computes; None if it is not a tensor, or has a symbolic size."""
    value = node.meta.get("val") if isinstance(node, Node) else None
    if not isinstance(value, torch.Tensor) or not all(isinstance(size, int) for size in value.shape):
        return None
    return tuple(value.shape)
