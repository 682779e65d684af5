"""Give the tensor that the failing statement is about the rank that the message states."""

from __future__ import annotations

import ast

import torch

from ...calling.inputs import Inputs
from ...tables.facts import WrongRank
from ...values import tensors
from ..changes import reranked
from ..failed_attempt import FailedAttempt
from ..places import Place
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    fact = next(iter(failed.says(WrongRank)), None)
    if fact is None:
        return
    for place in failed.users():
        if fact.unpacks and (unpacked := _unpacked_beside(place)) is not None:
            tensor, beside = unpacked
            yield from reranked(failed, inputs, tensor, fact.wanted[0] - beside)
            return
        names = place.names()
        for value in (place.variables[name] for name in names):
            if isinstance(value, torch.Tensor) and fact.given in (None, value.dim()):
                for rank in fact.wanted:
                    yield from reranked(failed, inputs, value, rank, names)
    if fact.given is None:
        return
    for path, described in tensors(failed.arguments):
        if len(described.shape) == fact.given:
            for rank in fact.wanted:
                yield from reranked(failed, inputs, failed.values.get(path), rank, [str(path[0])])
    for path, described in tensors(failed.arguments):
        for rank in fact.wanted:  # the message is about a tensor that was computed from an argument
            rank += len(described.shape) - fact.given
            yield from reranked(failed, inputs, failed.values.get(path), rank, [str(path[0])])


def _unpacked_beside(place: Place) -> tuple[torch.Tensor, int] | None:
    """The tensor of `b, n, device = *x.shape, x.device`, and how many values stand beside its sizes."""
    for node in place.expressions():
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
            starred = [item.value for item in node.elts if isinstance(item, ast.Starred)]
            if len(starred) == 1 and (tensor := place.tensor_with_shape(starred[0])) is not None:
                return tensor, len(node.elts) - 1
    return None


RULE = Rule("wrong-rank", "the rank that a tensor must have", _propose)
