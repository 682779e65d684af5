"""The outputs that depend on a value of the forward part of a graph, with or without a gradient on the path."""

from __future__ import annotations

from collections.abc import Callable

from ..wire.descriptor_map import Graph, Output


def outputs_reached(graph: Graph) -> Callable[[str | None], tuple[Output, ...]]:
    """Return a function from a node's name to the outputs of the forward part that depend on the node."""
    # Each output is one bit, so that one pass is enough for all nodes.
    reached: dict[str, int] = {}
    outputs = [out for out in graph.outputs if out.node is not None and out.gradient_of is None]
    for bit, out in enumerate(outputs):
        assert out.node is not None
        reached[out.node] = reached.get(out.node, 0) | 1 << bit
    for operation in reversed(graph.operations):
        bits = 0 if operation.backward else reached.get(operation.name, 0)
        for operand in operation.operands if bits else ():
            reached[operand] = reached.get(operand, 0) | bits

    def of(node: str | None) -> tuple[Output, ...]:
        bits = reached.get(node or "", 0)
        return tuple(out for bit, out in enumerate(outputs) if bits >> bit & 1)

    return of
