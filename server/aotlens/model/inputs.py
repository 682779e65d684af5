"""The inputs of a map by their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from aotlens_tracer.wire.descriptor_map import Graph

from .nodes import Node
from .slots import Entry


class Inputs:
    """The inputs of all graphs of a map."""

    def __init__(self, graphs: Sequence[Graph], entries: Sequence[Entry]) -> None:
        self.numbers = {id(graph): number for number, graph in enumerate(graphs)}
        """The number of each graph in the map, from 0, by its identity."""
        self._entries = entries

    @cached_property
    def by_node(self) -> dict[Node, Entry]:
        """The inputs by their node."""
        return {
            Node(self.numbers[id(entry.graph)], entry.slot.node): entry
            for entry in self._entries
            if entry.slot.node is not None
        }

    @cached_property
    def by_name(self) -> dict[str, list[Entry]]:
        """The inputs by the name of their node: one for each graph that has the name."""
        found: dict[str, list[Entry]] = {}
        for node, entry in self.by_node.items():
            found.setdefault(node.name, []).append(entry)
        return found

    @cached_property
    def tangents(self) -> frozenset[Node]:
        """The nodes of the inputs that are incoming gradients."""
        return frozenset(node for node, entry in self.by_node.items() if entry.slot.tangent_of is not None)
