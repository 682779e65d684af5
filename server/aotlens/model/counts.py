"""The numbers of a graph: its inputs, outputs, gradients, mutations, and the bytes saved for backward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Slot
from aotlens_tracer.wire.input_roles import fqns_of, role_of

from .descriptors import piece
from .gradients import Gradient, Missing, OnlyInGraph, gradients, is_gradient, is_missing, returned_in
from .index import MapIndex
from .saved import saved_by_call, saved_once
from .slots import is_changed, whole_name
from .subclasses import piece_at


@dataclass(frozen=True)
class Counts:
    """Numbers of slots, where each piece of a tensor subclass is one, and numbers of values, which are whole.

    `inputs` and `outputs` are slots; the outputs are those that are no gradients. `gradients`, `missing` and
    `mutations` are values, and `gradient_slots` and `mutation_slots` the slots that these take. `missing` gradients are
    required and do not exist; a tied parameter whose gradient has another of its names misses none. One that only the
    graph has is missing; one that only eager has is neither counted nor missing. `saved` is in bytes, without aliases;
    None if nothing is known of what is saved. Of several graphs, `outputs` are those that the call returns.
    """

    inputs: int
    outputs: int
    gradients: int
    missing: int
    mutations: int
    saved: int | None
    gradient_slots: int
    mutation_slots: int


def count(graph: Graph, known: Sequence[Gradient] | None = None) -> Counts:
    """Return the numbers of a graph. `known` are the gradients of its inputs, if other graphs of the call give some."""
    known = known or gradients(graph)
    missing = {gradient.output for gradient in known if isinstance(gradient, Missing)}
    only_in_graph = {output for gradient in known if isinstance(gradient, OnlyInGraph) for output in gradient.outputs}
    described = [out for out in graph.outputs if out.kind is not None]
    returned = [out for out in described if is_gradient(graph, out.index)]
    present = [out for out in returned if out.node is not None and out.index not in only_in_graph]
    changed = [slot for slot in graph.inputs if is_changed(slot)]
    return Counts(
        len(graph.inputs),
        len(described) - len(returned),
        _wholes(present),
        _wholes(graph.outputs[index] for index in missing | only_in_graph),
        _wholes(changed),
        saved_once(graph),
        len(present),
        len(changed),
    )


def _wholes(slots: Iterable[Slot]) -> int:
    """Return the number of values that some slots are, or are pieces of."""
    known = ((slot, slot.as_descriptor()) for slot in slots)
    return len(
        {piece(descriptor)[1].descriptor if descriptor is not None else slot.index for slot, descriptor in known}
    )


def count_all(index: MapIndex) -> Counts:
    """Return the numbers of all graphs of a map together, each parameter and argument once."""
    if len(index.graphs) == 1:
        (graph,) = index.graphs
        return count(graph, index.gradients(graph))
    returned: dict[str, dict[int, set[int]]] = {}
    missing: set[str] = set()
    for entry in index.entries:
        if role_of(entry.slot) == "local":  # its gradient goes to the graph before
            continue
        gradient = index.gradient(entry)
        for name in (whole_name(entry.slot), *fqns_of(entry.slot)[1:]):
            if outputs := returned_in(gradient):
                returned.setdefault(name, {}).setdefault(id(entry.graph), set()).update(outputs)
            elif is_missing(gradient):
                missing.add(name)
    changed = [entry.slot for entry in index.entries if is_changed(entry.slot)]
    return Counts(
        len(index.entries),
        len(index.outputs),
        len(returned),
        len(missing),
        len({whole_name(slot) for slot in changed}),
        saved_by_call(index),
        sum(max(map(len, slots.values())) for slots in returned.values()),
        len({slot.label for slot in changed}),
    )


def parameters(map: DescriptorMap) -> tuple[int, int | None]:
    """Return the number of parameters and that of their elements; ties count once.

    The elements are None if a size is symbolic. A map of graphs alone has the parameters that they take.
    """
    shapes = [tensor.shape for tensor in map.state if tensor.kind == "parameter"]
    if not map.state:
        found: dict[str, Sequence[int | str] | None] = {}
        for graph in map.graphs:
            for slot in graph.inputs:
                if role_of(slot) == "parameter" and found.keys().isdisjoint(slot.tied_to):
                    piece_of = piece_at(slot, graph)
                    found[whole_name(slot)] = slot.shape if piece_of is None else piece_of.whole.shape
        shapes = [tuple(shape) for shape in found.values() if shape is not None]
    sizes = [[size for size in shape if isinstance(size, int)] for shape in shapes]
    is_known = [len(size) for size in sizes] == [len(shape) for shape in shapes]
    return len(shapes), sum(prod(one) for one in sizes) if is_known else None
