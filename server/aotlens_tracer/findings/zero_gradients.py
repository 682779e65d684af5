"""Gradients that are zero whatever the values are, and what makes them so."""

from __future__ import annotations

import torch

from ..wire.zero_gradients import AlwaysZero, HowZero, ZeroCause
from .expressions import PlaceOf, expressions_of, name_of
from .zero_values import is_in_custom_backward, zero_values

_HAS_STEPS = frozenset(
    (
        *("round", "floor", "ceil", "trunc", "sign", "sgn", "heaviside", "div", "floor_divide", "fmod", "remainder"),
        *("bernoulli", "poisson", "fill", "zero", "copy", "normal", "uniform", "random", "exponential", "geometric"),
    )
)
"""Operators whose derivative autograd writes as `zeros_like` (`tools/autograd/derivatives.yaml` of torch)."""


def zero_gradients(graph: torch.fx.Graph, place: PlaceOf) -> dict[str, AlwaysZero]:
    """Return the outputs of a joint graph that are always zero, by the names of their nodes, each with the causes.

    Only for outputs that are gradients has this a meaning.
    """
    values = zero_values(graph)
    order = {node: index for index, node in enumerate(graph.nodes)}
    # The first operation with a sequence number made the node of autograd.
    forward: dict[int, torch.fx.Node] = {}
    for node in graph.nodes:
        if "seq_nr" in node.meta and not is_in_custom_backward(node):
            forward.setdefault(node.meta["seq_nr"], node)
    found = {}
    for node in graph.output_node().all_input_nodes:
        value = values.get(node)
        if value is None or value.left is not None or not value.causes or _is_empty(node):
            continue
        causes: dict[HowZero, list[torch.fx.Node]] = {}
        for how, cause in sorted(value.causes, key=lambda each: order.get(each[1], 0), reverse=True):
            of = cause if how in ("backward", "body") else forward.get(cause.meta.get("seq_nr", -1), cause)
            if how == "derivative" and not _has_steps(of):
                how = "hook"
            causes.setdefault(how, []).append(of)
        found[node.name] = AlwaysZero(tuple(ZeroCause(how, expressions_of(at, place)) for how, at in causes.items()))
    return found


def _has_steps(node: torch.fx.Node) -> bool:
    """Whether autograd's derivative of an operator can be zeros; so are second derivatives, as that of `relu`."""
    return node.op != "call_function" or name_of(node) in _HAS_STEPS or name_of(node).endswith("_backward")


def _is_empty(node: torch.fx.Node) -> bool:
    value = node.meta.get("val")
    return not isinstance(value, torch.Tensor) or value.numel() == 0
