"""The leaves that the histories of tensors lead back to, as autograd recorded them."""

from __future__ import annotations

import functools
import operator
from typing import Any

import torch

from ..torch_private import functorch_layers


class Histories:
    """The leaves that the histories of tensors lead back to, as bits. `leaves` has the bits of tensors by their ids."""

    def __init__(self, leaves: dict[int, int]) -> None:
        self._leaves = leaves
        self._known: dict[Any, int] = {None: 0}

    def of(self, tensor: torch.Tensor) -> int:
        """The leaves that a tensor comes from, or is. Each level of `torch.func` has a history of its own."""
        found = 0
        for layer in functorch_layers(tensor):
            found |= self._leaves.get(id(layer), 0) | self._of_function(_history(layer))
        return found

    def _of_function(self, function: Any) -> int:
        pending = [function]
        while pending:
            step = pending[-1]
            following = [other for other, _ in step.next_functions] if step is not None else []
            unknown = [other for other in following if other not in self._known]
            if step not in self._known and unknown:
                pending += unknown
                continue
            if step not in self._known:
                own = self._leaves.get(id(getattr(step, "variable", None)), 0)
                self._known[step] = functools.reduce(operator.or_, map(self._known.__getitem__, following), own)
            pending.pop()
        return self._known[function]


def _history(tensor: torch.Tensor) -> Any:
    """The `grad_fn` of a tensor; None also where a change in place has made it invalid."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None
