"""The operations of all graphs of a map and of their bodies, by name and by call chain.

Those that a partitioner added are included.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property

from aotlens_tracer.wire.descriptor_map import Graph, Operation

from .bodies import every_body
from .lines import Chain


class Operations:
    """The operations of a map."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self._graphs = graphs

    @cached_property
    def by_name(self) -> dict[str, Operation]:
        """The operations by the name of their node; the first one if several graphs have the name."""
        found: dict[str, Operation] = {}
        for operation in itertools.chain.from_iterable(self.by_chain.values()):
            found.setdefault(operation.name, operation)
        return found

    @cached_property
    def by_chain(self) -> dict[Chain | None, list[Operation]]:
        """The operations by their call chain; None if torch does not report it."""
        found: dict[Chain | None, list[Operation]] = {}
        for number, graph in enumerate(self._graphs):
            added = graph.partition.operations if graph.partition is not None else ()
            for operation in (*graph.operations, *added, *every_body(graph).operations):
                chain = Chain(number, operation.frame) if operation.frame is not None else None
                found.setdefault(chain, []).append(operation)
        return found

    @cached_property
    def chains(self) -> dict[str, Chain]:
        """The call chains by the name of the operation's node."""
        found: dict[str, Chain] = {}
        for chain, operations in self.by_chain.items():
            for operation in operations:
                if chain is not None:
                    found.setdefault(operation.name, chain)
        return found

    @cached_property
    def derivatives(self) -> dict[str, list[Operation]]:
        """The backward operations by the name of the forward operation whose derivative they compute."""
        found: dict[str, list[Operation]] = {}
        for operation in self.by_name.values():
            if operation.forward is not None:
                found.setdefault(operation.forward, []).append(operation)
        return found
