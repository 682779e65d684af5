"""Make the assertion hold that a graph of torch.fx makes about a size: `torch._assert(x.shape[-1] == 250, ...)`.

Such a graph has no source of the user's. Its nodes say what is compared.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator

import torch
from torch import fx

from ...calling.inputs import Inputs
from ..changes import with_size
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    if not isinstance(failed.error, AssertionError):
        return
    found = (place.variables for place in reversed(failed.frames))
    variables = next((each for each in found if isinstance(each.get("self"), fx.GraphModule)), None)
    for name, axis, size in _asserted(variables["self"].graph) if variables is not None else ():
        tensor = variables.get(name) if variables is not None else None
        if isinstance(tensor, torch.Tensor) and -tensor.dim() <= axis < tensor.dim() and tensor.shape[axis] != size:
            for path in failed.paths_of(tensor):
                yield with_size(failed, path, axis % len(failed.tensor(path).shape), size)


def _asserted(graph: fx.Graph) -> Iterator[tuple[str, int, int]]:
    """The assertions that an input has a size in one axis: the input's name, the axis and the size."""
    for assertion in graph.nodes:
        if getattr(assertion.target, "__name__", "") != "_assert":
            continue
        compared = assertion.args[0]
        if not isinstance(compared, fx.Node) or compared.target is not operator.eq:
            continue
        item, size = compared.args
        if not isinstance(item, fx.Node) or item.target is not operator.getitem or type(size) is not int:
            continue
        shape, axis = item.args
        if isinstance(shape, fx.Node) and shape.target is getattr and shape.args[1] == "shape" and type(axis) is int:
            of = shape.args[0]
            if isinstance(of, fx.Node) and of.op == "placeholder":
                yield str(of.target), axis, size


RULE = Rule("traced-assertion", "the assertions about sizes in a graph of torch.fx", _propose)
