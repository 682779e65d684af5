"""Gradients in a call of several graphs: what one graph gives, and what becomes of it in the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ..wire.descriptor_map import Graph, Input
from ..wire.gradients import own_gradient
from .reach import outputs_reached
from .values import Value, has_gradient, values_of

Named = tuple[str | None, str]
"""A value of a call: its kind, and its name."""


def with_gradient(graphs: Iterable[tuple[Graph, Collection[str]]]) -> set[Named]:
    """Return the values that get a gradient, by one graph or another. Each comes with the names that get none."""
    return {
        (value.kind, name)
        for graph, cut in graphs
        for value in values_of(graph)
        if has_gradient(value, graph)
        for name in value.names
        if name not in cut
    }


def lost_in(value: Value, number: int, graphs: Sequence[Graph]) -> tuple[int, Input] | None:
    """Return the input of a later graph in which the gradient of a value of graph `number` is lost, and its graph.

    None if no later graph shows it: code between the graphs loses it.
    """
    waiting = [(number, piece.node) for piece in value.pieces]
    seen = set(waiting)
    while waiting:
        at, node = waiting.pop(0)
        made = {(at, out.index) for out in outputs_reached(graphs[at])(node)}
        for later in range(at + 1, len(graphs)):
            for slot in graphs[later].inputs:
                if slot.dynamo is None or slot.dynamo.made_by not in made:
                    continue
                if not own_gradient(slot, graphs[later]):
                    return later, slot
                if (later, slot.node) not in seen:
                    seen.add((later, slot.node))
                    waiting.append((later, slot.node))
    return None
