"""The guards of the graphs that torch.compile runs: which are of interest, and which a line needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aotlens_tracer.wire.compiled import Guard
from aotlens_tracer.wire.descriptor_map import Graph


def shown_guards(graph: Graph, full: bool = False) -> list[Guard]:
    """The guards of a graph that may fail in ordinary use; with `full`, all that compare something of the user's."""
    guards = graph.compiled.guards if graph.compiled is not None else ()
    return [guard for guard in guards if guard.often or (full and guard.conditions and guard.expression)]


def guards_at(graphs: Iterable[Graph], path: str, lines: Sequence[int]) -> list[Guard]:
    """The guards that these lines of a file need, each once, of those that may fail in ordinary use."""
    found = {
        guard.conditions: guard
        for graph in graphs
        for guard in shown_guards(graph)
        if guard.span is not None and guard.span.path == path and guard.span.line in lines
    }
    return list(found.values())
