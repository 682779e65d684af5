"""The outputs that depend on a value of the forward part of a graph, with or without a gradient on the path.

An operation that reads the shape or dtype of a tensor alone does not depend on its value.
"""

from __future__ import annotations

from collections.abc import Callable

from ..torch_private import READS_METADATA
from ..wire.descriptor_map import Graph, Operation, Output


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
        for operand in operation.operands if bits and not _reads_metadata(operation) else ():
            reached[operand] = reached.get(operand, 0) | bits

    def of(node: str | None) -> tuple[Output, ...]:
        bits = reached.get(node or "", 0)
        return tuple(out for bit, out in enumerate(outputs) if bits >> bit & 1)

    return of


def _reads_metadata(operation: Operation) -> bool:
    """Whether an operation reads no value: `aten.zeros_like.default`. In AOTAutograd's graph it has one operand."""
    return any(part in READS_METADATA for part in operation.op.split(".")[1:2]) and len(operation.operands) == 1
