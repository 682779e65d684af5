"""Which code reads which inputs."""

from __future__ import annotations

from aotlens_tracer.wire.descriptor_map import Span

from .inputs import Inputs
from .lines import Lines, Work
from .nodes import Node
from .slots import Entry


class Reads:
    """The inputs of a map, and the places that read them."""

    def __init__(self, inputs: Inputs, lines: Lines) -> None:
        self._inputs = inputs
        self._lines = lines

    def by(self, work: Work) -> list[Entry]:
        """The inputs that the operations of some lines read, in the order of the graphs."""
        entries = {node: self._inputs.by_node[node] for node in work.inputs}
        return [entry for _, entry in sorted(entries.items(), key=lambda item: (item[0].graph, item[1].slot.index))]

    def places(self, entry: Entry, package: str | None) -> list[Span]:
        """The places that read an input: in an installed package, or in the user's own code (None).

        A call chain that does not pass through that package is represented by its place in other code.
        """
        found = []
        for frame in self._lines.reads.get(self._node(entry), ()):
            places = self._lines.places(entry.graph, frame)
            found.append(places.get(package) or places.get(None) or next(iter(places.values())))
        return list(dict.fromkeys(found))

    def _node(self, entry: Entry) -> Node:
        return Node(self._inputs.numbers[id(entry.graph)], entry.slot.node or "")
