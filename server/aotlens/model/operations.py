"""The operations of all graphs of a map and of their bodies, by node and by call chain.

Those that a partitioner added are included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from aotlens_tracer.wire.descriptor_map import Graph, Operation

from .bodies import every_body
from .lines import Chain
from .nodes import Node


class Operations:
    """The operations of a map."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self._graphs = graphs

    @cached_property
    def by_node(self) -> dict[Node, Operation]:
        """The operations by their node."""
        found: dict[Node, Operation] = {}
        for number, graph in enumerate(self._graphs):
            for operation in _every_operation(graph):
                found.setdefault(Node(number, operation.name), operation)
        return found

    @cached_property
    def by_chain(self) -> dict[Chain | None, list[Operation]]:
        """The operations by their call chain; None if torch does not report it."""
        found: dict[Chain | None, list[Operation]] = {}
        for number, graph in enumerate(self._graphs):
            for operation in _every_operation(graph):
                chain = Chain(number, operation.frame) if operation.frame is not None else None
                found.setdefault(chain, []).append(operation)
        return found

    @cached_property
    def chains(self) -> dict[Node, Chain]:
        """The call chains by the operation's node."""
        return {
            node: Chain(node.graph, operation.frame)
            for node, operation in self.by_node.items()
            if operation.frame is not None
        }

    @cached_property
    def derivatives(self) -> dict[Node, list[Node]]:
        """The backward operations by the forward operation whose derivative they compute."""
        found: dict[Node, list[Node]] = {}
        for node, operation in self.by_node.items():
            if operation.forward is not None:
                found.setdefault(Node(node.graph, operation.forward), []).append(node)
        return found


def operator_name(op: str) -> str:
    """The name of an operator: `mm` for `aten.mm.default`. One that is not torch's own keeps its namespace."""
    return op.split(".")[1] if op.startswith(("aten.", "prims.")) else op


def _every_operation(graph: Graph) -> Iterator[Operation]:
    yield from graph.operations
    if graph.partition is not None:
        yield from graph.partition.operations
    yield from every_body(graph).operations
