"""Give operands as many axes as each other: an argument that modulates has no axis of tokens, a map all its axes.

Each sample has one scale, one shift and one gate. The code adds an axis to what it computes from such an argument
(`scale[:, None]`), or divides it along the axis that is its last one (`emb.chunk(6, dim=1)`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from ...calling.inputs import Inputs
from ...reading.calls import numbers
from ..changes import reranked, with_shape
from ..failed_attempt import FailedAttempt
from ..places import Place
from ..rule import Proposals, Rule

_MAP = 4
"""The least rank of a map: batch, channels, height, width."""
_DIVIDE = ("chunk", "split", "unbind")


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    yield from _maps(failed, inputs)
    for tensor, rank in (*_of_higher_rank(failed), *_divided(failed)):
        excess = tensor.dim() - rank
        for path in failed.sources_of(tensor) if excess > 0 else ():
            shape = failed.tensor(path).shape
            if len(shape) - excess > 1 or (len(shape) == 2 and excess == 1):
                yield with_shape(failed, path, (shape[0], *shape[1 + excess :]))


def _maps(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    """The axes of a map for a tensor that is concatenated with one."""
    operands = failed.origins.operands
    highest = max((tensor.dim() for tensor in operands), default=0)
    is_joined = "Number of dimensions of tensors must match" in failed.message
    for tensor in operands if is_joined and highest >= _MAP else ():
        if 1 < tensor.dim() < highest and failed.sources_of(tensor):
            yield from reranked(failed, inputs, tensor, highest)


def _of_higher_rank(failed: FailedAttempt) -> Iterator[tuple[torch.Tensor, int]]:
    """The operands of an element-wise operation or a concatenation that have more axes than others, with their rank."""
    ranks = [tensor.dim() for tensor in failed.origins.operands if tensor.dim() > 1]
    for tensor in failed.origins.operands if ranks else ():
        if tensor.dim() > min(ranks):
            yield tensor, min(ranks)


def _divided(failed: FailedAttempt) -> Iterator[tuple[torch.Tensor, int]]:
    """The tensor that is divided along an axis in a failing statement, with the rank that makes this its last axis."""
    if not isinstance(failed.error, (ValueError, RuntimeError, IndexError)):
        return
    for place in failed.users():
        for node in place.nodes():
            tensor = _receiver(place, node)
            if tensor is not None and isinstance(node, ast.Call):
                dims = [word.value for word in node.keywords if word.arg in ("dim", "axis")] or node.args[1:2]
                for axis in (axis for dim in dims for axis in numbers(dim)):
                    if 0 < axis < tensor.dim() - 1:
                        yield tensor, axis + 1


def _receiver(place: Place, node: ast.AST) -> torch.Tensor | None:
    """The tensor of `tensor.chunk(...)`, or of `torch.chunk(tensor, ...)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _DIVIDE:
        return None
    tensor = place.tensor(node.func.value)
    return tensor if tensor is not None or not node.args else place.tensor(node.args[0])


RULE = Rule("modulation", "that a tensor has more axes than the one that it modulates", _propose)
