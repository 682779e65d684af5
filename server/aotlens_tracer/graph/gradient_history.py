"""Autograd's own history of a result: the nodes and leaves that its backward pass reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

_NO_TENSORS = (int, float, complex, str, bytes, type(None))


@dataclass(frozen=True)
class GradientHistory:
    """The autograd nodes that a backward pass from all results reaches, and the identities of the leaves."""

    nodes: frozenset[Any]
    leaves: frozenset[int]

    @classmethod
    def of(cls, results: Sequence[Any]) -> GradientHistory | None:
        """Walk through the history of some results. None if one is an object that may hold tensors unseen."""
        if any(not isinstance(value, (torch.Tensor, *_NO_TENSORS)) for value in results):
            return None
        tensors = [value for value in results if isinstance(value, torch.Tensor)]
        leaves = {id(value) for value in tensors if value.requires_grad}
        waiting = [value.grad_fn for value in tensors if value.grad_fn is not None]
        seen: set[Any] = set(waiting)
        while waiting:
            node = waiting.pop()
            if (variable := getattr(node, "variable", None)) is not None:
                leaves.add(id(variable))
            for following, _ in node.next_functions:
                if following is not None and following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return cls(frozenset(seen), frozenset(leaves))

    def has(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor that an operation made gets a gradient."""
        return tensor.grad_fn is not None and tensor.grad_fn in self.nodes
