"""The end of a gradient's path, as data. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .json_codec import Tagged
from .places import Expression

How = Literal[
    "detach",
    "no-grad",
    "inference-mode",
    "copy",
    "new-parameter",
    "number",
    "boolean",
    "integer",
    "constant-of-derivative",
    "derivative",
    "derivative-without-graph",
    "piece",
    "wrapped",
    "no-derivative",
]


@dataclass(frozen=True)
class Cut(Tagged):
    """No gradient: its path ends at these expressions.

    `how` they end it: detach; no-grad or inference-mode (they run where autograd records nothing); copy (they make a
    tensor of its values, as `torch.tensor` does); new-parameter (they make another parameter of its values); number
    (the result is a Python number); boolean or integer (the type of the result); constant-of-derivative (they compute
    a derivative whose values do not depend on it); derivative (they compute a derivative that is not differentiable
    with respect to it); derivative-without-graph (`torch.autograd.grad` without `create_graph`); piece (they read an
    inner tensor of a tensor subclass, which has no history); wrapped (they make a tensor subclass of tensors by calling
    its class, which autograd does not record); no-derivative. `also` are expressions that end it in other ways.
    """

    how: How
    at: tuple[Expression, ...]
    also: tuple[Expression, ...] = ()
