"""Give the innermost module of torch that failed the dtype, the rank and the sizes that it needs."""

from __future__ import annotations

import torch
from torch import nn

from ...calling.inputs import Inputs
from ...reading.demand import Demand
from ...reading.layers import of_layer
from ..changes import reranked, resized, retyped
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for place in reversed(failed.frames):
        variables = place.variables
        module = variables.get("self")
        if not isinstance(module, nn.Module):
            continue
        demand = of_layer(module)
        given = variables.get("input", variables.get("x", variables.get("query")))
        if demand is not None and isinstance(given, torch.Tensor):
            yield from _met(failed, inputs, module, demand, given)
        return


def _met(failed: FailedAttempt, inputs: Inputs, module: nn.Module, demand: Demand, given: torch.Tensor) -> Proposals:
    """Arguments that meet the demand of `module` on its input, which is `given`."""
    if demand.dtype == "int64" and (given.dtype.is_floating_point or given.dtype.is_complex):
        yield from retyped(failed, "int64", given, lambda value: not value.is_integer)
    weight = getattr(module, "weight", None)
    if demand.dtype is None and isinstance(weight, torch.Tensor) and given.dtype != weight.dtype:
        yield from retyped(failed, str(weight.dtype).removeprefix("torch."), given)
    rank = given.dim()
    if demand.rank is not None and rank != demand.rank and not isinstance(module, (nn.Embedding, nn.RNNBase)):
        yield from reranked(failed, inputs, given, demand.rank)
        return
    for axis, size in demand.axes.items():
        if -rank <= axis < rank and given.shape[axis] != size:
            yield from resized(failed, given.shape[axis], size, given, axis)


RULE = Rule("torch-layer", "what the innermost module of torch needs, and what it was given", _propose)
