"""The bodies of higher-order operations in a graph, and which of their results are saved for backward."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens_tracer.wire.bodies import Bodies, node_in, scope_of
from aotlens_tracer.wire.descriptor_map import Graph, Operation, Saved

IN_STEPS = ("loop", "step", "function", "combine")
"""The roles of bodies that run once for each of several items: a saved result is the results of all of them."""
_GIVES_ITEMS = ("true", "false", "loop", "step", "function", "combine", "region")
"""The roles of bodies whose results are the items of what the operation returns."""

_COPIES = ("aten.flip.default", "aten.clone.default")
"""Operators that `scan` and `while_loop` apply to what their backward pass reads."""


def bodies_of(graph: Graph, is_partitioned: bool = False) -> Bodies:
    """The bodies of the joint graph, or of the forward and backward graph that a partitioner made of it."""
    changed = graph.partition.bodies if is_partitioned and graph.partition is not None else ()
    return Bodies(tuple({body.name: body for body in (*graph.bodies, *changed)}.values()))


def every_body(graph: Graph) -> Bodies:
    """The bodies of the joint graph, and those that a partitioner added."""
    added = graph.partition.bodies if graph.partition is not None else ()
    return Bodies(tuple({body.name: body for body in (*added, *graph.bodies)}.values()))


def saved_results_of(graph: Graph) -> dict[str, list[Saved]]:
    """The saved values that are results of bodies of the partitioned graphs, by the node in the body."""
    if not graph.bodies or graph.partition is None:
        return {}
    operations = (*graph.operations, *graph.partition.operations)
    return _saved_results(bodies_of(graph, is_partitioned=True), graph.saved or (), operations)


def _saved_results(bodies: Bodies, saved: Sequence[Saved], operations: Sequence[Operation]) -> dict[str, list[Saved]]:
    """The saved values that are results of bodies, without aliases, by the node in the body: one for each call.

    A result is the item of its position. A view or copy of it may be saved in its place.
    """
    kept = {value.node: value for value in saved if value.node is not None and value.alias_of is None}
    found: dict[str, list[Saved]] = {}
    items: dict[str, tuple[str, int]] = {}
    for operation in operations:
        if operation.op == "getitem" and operation.operands:
            index = operation.arguments.rpartition(", ")[2]
            if index.isdigit():
                items[operation.name] = operation.operands[0], int(index)
        elif operation.operands and operation.operands[0] in items and (operation.is_view or operation.op in _COPIES):
            items[operation.name] = items[operation.operands[0]]
    results = {
        (call.operation, index): node_in(body.name, node)
        for body in bodies.by_name.values()
        for call in body.calls
        if call.role in _GIVES_ITEMS and not scope_of(body)
        for index, node in enumerate(body.results)
        if node is not None
    }
    for name, item in items.items():
        if name in kept and item in results:
            found.setdefault(results[item], []).append(kept[name])
    return found
