"""The collective operations of a call: each of its runs, by line, and their totals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aotlens_tracer.wire.collectives import Collective
from aotlens_tracer.wire.descriptor_map import Graph, Operation, Span

from .index import MapIndex
from .lines import Chain, Lines


@dataclass(frozen=True)
class Run:
    """One run of a collective operation in one call with its backward pass.

    `graph` is the number of its graph in the map. `is_backward` says when it runs. `is_repeated` says that the backward
    pass runs a collective of the forward pass once more, to compute again what is not saved.
    """

    collective: Collective
    operation: Operation
    graph: int
    is_backward: bool
    is_repeated: bool = False


class Communication:
    """The runs of the collective operations of a map: those of the forward pass, then those of the backward pass."""

    def __init__(self, graphs: Sequence[Graph], lines: Lines) -> None:
        self._lines = lines
        forward: list[Run] = []
        backward: list[Run] = []
        for number, graph in enumerate(graphs):
            again = set(graph.partition.backward) if graph.partition is not None else set()
            for each in graph.collectives:
                operation = graph.operations[each.operation]
                if each.is_backward:
                    backward.append(Run(each, operation, number, True))
                    continue
                forward.append(Run(each, operation, number, False))
                if each.operation in again:
                    backward.append(Run(each, operation, number, True, is_repeated=True))
        self.runs: tuple[Run, ...] = (*forward, *backward)

    @property
    def bytes(self) -> int:
        """The bytes that the rank gives into all runs; sizes that are not known do not count."""
        return total(self.runs)

    def at(self, path: str, lines: Iterable[int]) -> list[Run]:
        """The runs whose place is on one of the lines."""
        return self._in(self._lines.chains_at(path, lines), path, lines)

    def inside(self, path: str, lines: Sequence[int]) -> list[Run]:
        """The runs inside of the calls on one of the lines."""
        return self._in(self._lines.chains_inside(path, lines), None, ())

    def of_modules(self, names: Iterable[str]) -> list[Run]:
        """The runs of some modules and of the modules in them."""
        wanted = set(names)
        return [run for run in self.runs if wanted & {*_around(run.collective.module)}]

    def _in(self, chains: set[Chain], path: str | None, lines: Iterable[int]) -> list[Run]:
        wanted = set(lines)
        return [
            run
            for run in self.runs
            if (
                Chain(run.graph, run.operation.frame) in chains
                if run.operation.frame is not None
                else _is_on(run.collective.source, path, wanted)  # a direct capture has no call chains
            )
        ]


def communication(index: MapIndex) -> Communication:
    """The communication of a map; computed once."""
    return index.once("communication", lambda: Communication(index.graphs, index.lines))


def total(runs: Iterable[Run]) -> int:
    """The bytes that the rank gives into some runs."""
    return sum(run.collective.bytes or 0 for run in runs)


def _around(module: str | None) -> Iterable[str]:
    """The names of a module and of the modules around it, innermost first; the root's is empty."""
    name = module
    while name:
        yield name
        name = name.rpartition(".")[0]
    if module is not None:
        yield ""


def _is_on(span: Span | None, path: str | None, lines: set[int]) -> bool:
    return span is not None and span.path == path and span.line in lines
