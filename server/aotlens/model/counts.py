"""The numbers of a graph: its inputs, outputs, gradients, mutations, and the bytes saved for backward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aotlens_tracer.wire.descriptor_map import Graph

from .gradients import Gradient, Missing, OnlyInGraph, gradients, is_gradient
from .slots import is_changed


@dataclass(frozen=True)
class Counts:
    """Numbers of slots: each piece of a tensor subclass is one.

    `outputs` are those that are no gradients. `missing` gradients are required and do not exist; a tied parameter
    whose gradient has another of its names misses none. One that only the graph has is missing; one that only eager has
    is neither counted nor missing. `saved` is in bytes, without aliases; None if nothing is known
    of what is saved.
    """

    inputs: int
    outputs: int
    gradients: int
    missing: int
    mutations: int
    saved: int | None


def count(graph: Graph, known: Sequence[Gradient] | None = None) -> Counts:
    """Return the numbers of a graph. `known` are the gradients of its inputs, if other graphs of the call give some."""
    known = known or gradients(graph)
    missing = {gradient.output for gradient in known if isinstance(gradient, Missing)}
    only_in_graph = {output for gradient in known if isinstance(gradient, OnlyInGraph) for output in gradient.outputs}
    described = [out for out in graph.outputs if out.kind is not None]
    returned = [out for out in described if is_gradient(graph, out.index)]
    saved = None
    if graph.saved is not None:
        saved = sum(value.bytes or 0 for value in graph.saved if value.alias_of is None)
    return Counts(
        len(graph.inputs),
        len(described) - len(returned),
        sum(1 for out in returned if out.node is not None and out.index not in only_in_graph),
        len(missing | only_in_graph),
        sum(map(is_changed, graph.inputs)),
        saved,
    )
