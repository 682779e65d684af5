"""Which code reads which inputs."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens_tracer.wire.descriptor_map import Graph, Span

from .lines import Lines, Work
from .slots import Entry


class Reads:
    """The inputs of a map, and the places that read them."""

    def __init__(self, graphs: Sequence[Graph], entries: Sequence[Entry], lines: Lines) -> None:
        self._lines = lines
        self._numbers = {id(graph): number for number, graph in enumerate(graphs)}
        self._inputs = {(self._numbers[id(entry.graph)], entry.slot.node): entry for entry in entries}

    def by(self, work: Work) -> list[Entry]:
        """The inputs that the operations of some lines read, in the order of the graph."""
        entries = [self._inputs[key] for key in work.inputs]
        return sorted(entries, key=lambda entry: entry.slot.index)

    def places(self, entry: Entry, package: str | None) -> list[Span]:
        """The places that read an input: in an installed package, or in the user's own code (None).

        A call chain that does not pass through that package is represented by its place in other code.
        """
        found = []
        for frame in self._lines.reads.get((self._numbers[id(entry.graph)], entry.slot.node or ""), ()):
            places = self._lines.places(entry.graph, frame)
            found.append(places.get(package) or places.get(None) or next(iter(places.values())))
        return list(dict.fromkeys(found))
