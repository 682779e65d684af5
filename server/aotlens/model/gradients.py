"""The gradient of an input: one answer for everything that shows gradients.

A gradient is the input's own, is returned in pieces (its type is a tensor subclass), has another name of the same
parameter (tied), is missing although the input requires one, or is not wanted. If the steps in eager
and the graph differ, eager decides: that is what the user gets. Tables, hovers, lenses, the tree of slots, JSON and
counts all ask here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from aotlens_tracer.wire.descriptor_map import Graph, Input, Output
from aotlens_tracer.wire.gradients import own_gradient, tied_gradient
from aotlens_tracer.wire.input_roles import role_of

from .descriptors import piece
from .slots import whole_name

_OF_THE_CALL = ("parameter", "argument")
"""The roles of inputs that are the same value in every graph of a call."""


@dataclass(frozen=True)
class Own:
    """The gradient is one output of the graph: its index.

    The pieces of a tensor subclass may share one gradient, which is then a plain tensor.
    """

    output: int


@dataclass(frozen=True)
class InPieces:
    """The gradient is a tensor subclass, and the graph returns its pieces: the indices of these outputs."""

    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Tied:
    """The same parameter has another name, and its gradient is returned under that one: the name, and its outputs."""

    name: str
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Missing:
    """The input requires a gradient and gets none. `output` is the slot that stays empty."""

    output: int


@dataclass(frozen=True)
class OnlyInGraph:
    """The graph computes a gradient, in these outputs, and the user's own backward pass in eager gives none."""

    outputs: tuple[int, ...]


@dataclass(frozen=True)
class OnlyInEager:
    """The user's own backward pass gives a gradient, which does not pass through the graph.

    `output` is the slot that stays empty; None if there is none.
    """

    output: int | None


@dataclass(frozen=True)
class InOtherGraph:
    """Its graph gives the input no gradient, but another graph of the same call does: the number of that graph."""

    graph: int


@dataclass(frozen=True)
class NotWanted:
    """Nobody wants a gradient of this input.

    `frozen`: a parameter that does not require one. `elsewhere`: a parameter that another training step of the script
    trains, and this one does not reach. `forward-only`: it requires one, but the graph has no backward
    part, because nothing that is returned requires a gradient. `not-required`: a buffer, an argument that does not
    require a gradient, or an input that is none of the user's (a tangent, an effect token).
    """

    because: Literal["frozen", "elsewhere", "forward-only", "not-required"]


Gradient = Own | InPieces | Tied | Missing | OnlyInGraph | OnlyInEager | InOtherGraph | NotWanted


def gradients(
    graph: Graph, given: Mapping[str, int] = MappingProxyType({}), elsewhere: Collection[str] = ()
) -> tuple[Gradient, ...]:
    """Return the gradient of each input of a graph, in the order of the inputs.

    `given` are the names of the values to which another graph of the call gives a gradient, with the number of that
    graph; see `given_by_graphs`. `elsewhere` are the names of parameters that another training step trains.
    """
    return tuple(_in_call(slot, _gradient(slot, graph), given, elsewhere) for slot in graph.inputs)


def given_by_graphs(graphs: Sequence[Graph]) -> dict[str, int]:
    """Return the names of the parameters and arguments that get a gradient, each with the first graph that gives it."""
    found: dict[str, int] = {}
    for number, graph in enumerate(graphs):
        for slot in graph.inputs:
            if role_of(slot) in _OF_THE_CALL and slot.index not in graph.only_in_graph and own_gradient(slot, graph):
                found.setdefault(whole_name(slot), number)
    return found


def returned_in(gradient: Gradient) -> tuple[int, ...]:
    """Return the indices of the outputs that hold this gradient; empty if there is none, or if it is another's."""
    if isinstance(gradient, Own):
        return (gradient.output,)
    return gradient.outputs if isinstance(gradient, InPieces) else ()


def is_missing(gradient: Gradient) -> bool:
    """Whether an input requires a gradient and gets none."""
    return isinstance(gradient, (Missing, OnlyInGraph))


def gradients_in(graph: Graph, outputs: Collection[int]) -> list[str]:
    """Return the names of the values whose gradients are in these outputs, in the order of the graph's inputs.

    A value of which all pieces have their gradients there is named once, `weight`. If some of its pieces have them
    elsewhere, each piece that is there is named, `weight.a`.
    """
    pieces: dict[str, dict[int, str]] = {}
    for slot, gradient in zip(graph.inputs, gradients(graph), strict=True):
        for output in returned_in(gradient):
            if graph.outputs[output].dtype is not None:  # sizes and strides of a subclass do not count
                name = name_of_gradient(graph.outputs[output], graph)
                pieces.setdefault(whole_name(slot), {}).setdefault(output, name)
    names: list[str] = []
    for whole, labels in pieces.items():
        there = [label for output, label in labels.items() if output in outputs]
        names += [whole] if len(there) == len(labels) else there
    return names


def name_of_gradient(out: Output, graph: Graph) -> str:
    """Return the name of the value whose gradient an output is: with that of the piece, `bias.a`, if it is in pieces.

    The label of an output that is no gradient.
    """
    descriptor = out.as_descriptor()
    if out.gradient_of is None or descriptor is None:
        return out.label
    return whole_name(graph.inputs[out.gradient_of]) + piece(descriptor)[0]


def is_gradient(graph: Graph, output: int) -> bool:
    """Whether an output is a gradient or a piece of one, or the empty slot of one."""
    descriptor = graph.outputs[output].as_descriptor()
    return descriptor is not None and piece(descriptor)[1].kind == "GradAOTOutput"


def _in_call(slot: Input, gradient: Gradient, given: Mapping[str, int], elsewhere: Collection[str]) -> Gradient:
    lacks = isinstance(gradient, Missing) or gradient == NotWanted("forward-only")
    if lacks and elsewhere and whole_name(slot) in elsewhere:
        return NotWanted("elsewhere")
    number = given.get(whole_name(slot)) if lacks and role_of(slot) in _OF_THE_CALL else None
    return InOtherGraph(number) if number is not None else gradient


def _gradient(slot: Input, graph: Graph) -> Gradient:
    if slot.index in graph.only_in_eager:
        return OnlyInEager(slot.gradient)
    in_graph = _in_graph(slot, graph)
    if slot.index in graph.only_in_graph:
        return OnlyInGraph(in_graph.outputs if isinstance(in_graph, Tied) else returned_in(in_graph))
    return in_graph


def _in_graph(slot: Input, graph: Graph) -> Gradient:
    if slot.gradient_pieces:
        return InPieces(slot.gradient_pieces)
    if own := own_gradient(slot, graph):
        return Own(own[0])
    if slot.gradient is not None:
        tied = tied_gradient(slot, graph)
        return Tied(*tied) if tied is not None else Missing(slot.gradient)
    if slot.requires_grad and not graph.joint:
        return NotWanted("forward-only")
    is_frozen = slot.requires_grad is False and role_of(slot) == "parameter"
    return NotWanted("frozen" if is_frozen else "not-required")
