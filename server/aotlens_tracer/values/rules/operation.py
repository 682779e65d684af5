"""One call of an ATen operation, as a rule sees it, and the table of the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..sizes import Sizes

Dims = list[int]
"""The dimensions of one tensor."""


@dataclass(frozen=True)
class Operation:
    """A call that has returned: its arguments by the names in the schema, and its results.

    `dims_of` gives the dimensions of a tensor among the arguments, as they were before the call.
    """

    name: str
    arguments: dict[str, Any]
    results: list[torch.Tensor]
    sizes: Sizes
    dims_of: Callable[[torch.Tensor], Dims]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument; `default` if the call leaves it out."""
        return self.arguments.get(name, default)

    def tensor(self, name: str) -> Dims | None:
        """Return the dimensions of an argument that is a tensor; None if it is None."""
        value = self.arguments.get(name)
        return list(self.dims_of(value)) if isinstance(value, torch.Tensor) else None

    def of(self, name: str) -> Dims:
        """Return the dimensions of an argument that is a tensor. Raises KeyError if it is none."""
        return list(self.dims_of(self.arguments[name]))

    def axes(self, name: str, rank: int) -> list[int]:
        """Return an argument that counts dimensions, as indices from 0; all of them if it is empty or left out."""
        value = self.arguments.get(name)
        if value is None or value == []:
            return list(range(rank))
        return [axis % rank if rank else 0 for axis in ([value] if isinstance(value, int) else value)]

    def meet(self, tensors: Sequence[Dims]) -> Dims:
        """Return the dimensions of the result of an elementwise operation."""
        rank = max(map(len, tensors), default=0)
        found: Dims = []
        for place in range(-rank, 0):
            here = [dims[place] for dims in tensors if len(dims) >= -place]
            dimension = here[0]
            for other in here[1:]:
                dimension = self.sizes.meet(dimension, other)
            found.append(dimension)
        return found

    def join(self, some: Sequence[int], others: Sequence[int]) -> None:
        """Note that dimensions are the same, from the last on."""
        for one, other in zip(reversed(some), reversed(others)):
            self.sizes.join(one, other)

    def size_of(self, dimension: int) -> int | None:
        """Return the size of a dimension."""
        return self.sizes.sizes[dimension]


Answer = list[Dims | None] | None
"""The dimensions of each result; None where a rule does not know them."""
Rule = Callable[[Operation], Answer]
RULES: dict[str, Rule] = {}
"""The rule of each operation, by its name without overload: `aten::view`."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule for ATen operations of these names."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[f"aten::{name}"] = function
        return function

    return register
