"""The results of torch's functions for graph passes, for the graphs of a map.

They do what `torch/_functorch/_aot_autograd/fx_utils.py` of torch 2.13 to 2.15 does with a joint graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from aotlens_tracer.wire.descriptor_map import Descriptor, Graph, Input, Output

from .descriptors import DIFFERENTIABLE


@dataclass(frozen=True)
class FxFunction:
    """A function of `fx_utils`.

    `keys` says what the keys of its result are: descriptors, names, or None for a list. `only` is the class of the
    descriptors that it returns, None for all. `partner` is the second node of each pair, None if it returns single
    nodes. `parameter` is the name of its only parameter.
    """

    name: str
    keys: Literal["descriptors", "names"] | None
    only: str | None
    partner: Literal["gradient", "tangent"] | None
    parameter: str = "graph"


FX_FUNCTIONS: Mapping[str, FxFunction] = MappingProxyType(
    {
        each.name: each
        for each in (
            FxFunction("get_all_input_and_grad_nodes", "descriptors", None, "gradient", "g"),
            FxFunction("get_all_output_and_tangent_nodes", "descriptors", None, "tangent", "g"),
            FxFunction("get_param_and_grad_nodes", "descriptors", "ParamAOTInput", "gradient"),
            FxFunction("get_plain_input_and_grad_nodes", "descriptors", "PlainAOTInput", "gradient"),
            FxFunction("get_plain_output_and_tangent_nodes", "descriptors", "PlainAOTOutput", "tangent"),
            FxFunction("get_named_param_nodes", "names", "ParamAOTInput", None),
            FxFunction("get_named_buffer_nodes", "names", "BufferAOTInput", None),
            FxFunction("get_param_nodes", None, "ParamAOTInput", None),
            FxFunction("get_buffer_nodes", None, "BufferAOTInput", None),
        )
    }
)
"""The functions, by name."""


@dataclass(frozen=True)
class Found:
    """One item of a result: an input or output, its descriptor, and the slot of its gradient or tangent, None without.

    `partner` is None as well if the graph has a slot for the gradient and no node computes it.
    """

    descriptor: Descriptor
    slot: Input | Output
    partner: Input | Output | None = None


@dataclass(frozen=True)
class Raised:
    """The error that a function raises for a graph: the name of its class, and the slot that causes it.

    A RuntimeError comes for a piece of a tensor subclass, a KeyError where the graph lacks the partner of a slot.
    """

    error: Literal["RuntimeError", "KeyError"]
    slot: Input | Output


def found_by(function: FxFunction, graph: Graph) -> tuple[Found, ...] | Raised:
    """Return the items of the result for a graph, in torch's order, or the error that the function raises."""
    match function.partner:
        case "gradient":
            found = _inputs(graph)
        case "tangent":
            found = _outputs(graph)
        case None:
            found = _named(graph, function.only)
    if isinstance(found, Raised):
        return found
    return tuple(each for each in found if function.only in (None, each.descriptor.kind))


def _inputs(graph: Graph) -> tuple[Found, ...] | Raised:
    found: dict[str, Found] = {}
    for slot in graph.inputs:
        descriptor = slot.as_descriptor()
        if descriptor is None:
            return Raised("KeyError", slot)
        if descriptor.kind in DIFFERENTIABLE:  # a piece of a subclass is not
            found[descriptor.descriptor] = Found(descriptor, slot)
    for output in graph.outputs:
        descriptor = output.as_descriptor()
        if descriptor is None:
            continue
        if descriptor.kind == "SubclassGetAttrAOTOutput":
            return Raised("RuntimeError", output)
        if descriptor.kind == "GradAOTOutput":
            of = descriptor.fields.get("grad_of")
            known = found.get(of.descriptor) if isinstance(of, Descriptor) else None
            if known is None:
                return Raised("KeyError", output)
            found[known.descriptor.descriptor] = replace(known, partner=output if output.node is not None else None)
    return tuple(found.values())


def _outputs(graph: Graph) -> tuple[Found, ...] | Raised:
    found: dict[str, Found] = {}
    for output in graph.outputs:
        descriptor = output.as_descriptor()
        if descriptor is not None and descriptor.kind in DIFFERENTIABLE:  # a gradient is
            found[descriptor.descriptor] = Found(descriptor, output)
    for slot in graph.inputs:
        descriptor = slot.as_descriptor()
        if descriptor is None:
            return Raised("KeyError", slot)
        if descriptor.kind == "SubclassGetAttrAOTInput":
            return Raised("RuntimeError", slot)
        if descriptor.kind == "TangentAOTInput":
            of = descriptor.fields.get("output")
            known = found.get(of.descriptor) if isinstance(of, Descriptor) else None
            if known is None:
                return Raised("KeyError", slot)
            found[known.descriptor.descriptor] = replace(known, partner=slot)
    return tuple(found.values())


def _named(graph: Graph, only: str | None) -> tuple[Found, ...] | Raised:
    found: dict[object, Found] = {}
    for slot in graph.inputs:
        descriptor = slot.as_descriptor()
        if descriptor is None:
            return Raised("KeyError", slot)
        if descriptor.kind == "SubclassGetAttrAOTInput":
            return Raised("RuntimeError", slot)
        if descriptor.kind == only:
            found[descriptor.fields.get("target")] = Found(descriptor, slot)
    return tuple(found.values())
