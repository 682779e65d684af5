"""The operations that a line of source runs, itself and inside of its calls.

The innermost frame of a call chain in the user's own code is its place in that code; the innermost frame in an
installed package is its place in that package. All other frames are lines that the operation runs inside of.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from aotlens_tracer.wire.descriptor_map import Graph, Operation, Saved, Span, StackFrame

from .bodies import bodies_of
from .compiled import saved_in_runs
from .nodes import Node

_LONGEST = 500
"""The most lines of one span that are indexed, from its start."""


class Chain(NamedTuple):
    """A call chain of a graph, by the index of its innermost frame."""

    graph: int
    frame: int


@dataclass(frozen=True)
class Work:
    """The work that some lines do.

    `operations` come forward before backward. `saved` are the values of these lines that are kept for the backward
    pass, without aliases. `inputs` are the inputs that the forward operations read.
    """

    operations: tuple[Operation, ...]
    saved: tuple[Saved, ...]
    inputs: tuple[Node, ...]


class Lines:
    """The operations of the graphs of a map and of their bodies, by line."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self._graphs = graphs
        self._operations = [_every_operation(graph) for graph in graphs]

    def at(self, path: str, lines: Iterable[int]) -> Work:
        """The work whose place is on one of the lines."""
        return self._work(self.chains_at(path, lines))

    def inside(self, path: str, lines: Iterable[int]) -> Work:
        """The work that runs inside of the calls on one of the lines."""
        return self._work(self.chains_inside(path, list(lines)))

    def chains_at(self, path: str, lines: Iterable[int]) -> set[Chain]:
        """The call chains whose place is on one of the lines."""
        return self._chains(self._places, path, lines)

    def chains_inside(self, path: str, lines: Sequence[int]) -> set[Chain]:
        """The call chains that pass through one of the lines and have their place elsewhere."""
        return self._chains(self._callers, path, lines) - self._chains(self._places, path, lines)

    def outward(self, chain: Chain) -> Iterator[StackFrame]:
        """The frames of a call chain, innermost first."""
        return _outward(self._graphs[chain.graph], chain.frame)

    def innermost(self, graph: Graph, operation: Operation) -> Span | None:
        """The user's place that runs an operation; None if torch does not report it."""
        if operation.frame is None:
            return None
        places = self.places(graph, operation.frame)
        return places.get(None) or next(iter(places.values()), None)

    def knows(self, path: str, line: int) -> bool:
        """Whether an operation runs on a line, or inside of it."""
        return line in self._places.get(path, ()) or line in self._callers.get(path, ())

    def saved_in(self, path: str) -> list[tuple[Span, Saved]]:
        """The values that a file computes and that are kept for the backward pass, with their places; no aliases."""
        package = self.packages.get(path)
        found = []
        for chain, values in self._saved_by_chain.items():
            place = self.places(self._graphs[chain.graph], chain.frame).get(package)
            if place is not None and place.path == path:
                found += [(place, value) for value in values]
        return found

    def modules(self, work: Work) -> list[str]:
        """The modules that do some work. A module that does all of its work there stands for its submodules."""
        mine = _by_module(work.operations)
        found: dict[str, None] = {}
        for operation in work.operations:
            for name in _outer_to_inner(operation.module or ""):
                if mine[name] == self._by_module[name] or name == operation.module:
                    found[name] = None
                    break
        return list(found)

    @cached_property
    def _by_module(self) -> Counter[str]:
        return _by_module([operation for operations in self._operations for operation in operations])

    @cached_property
    def packages(self) -> dict[str, str | None]:
        """The files of all frames, each with its installed package; None for the user's own code."""
        return {frame.span.path: frame.package for graph in self._graphs for frame in graph.frames}

    @cached_property
    def reads(self) -> dict[Node, list[int]]:
        """The innermost frames of the forward operations that read an input, by the node of the input."""
        found: dict[Node, dict[int, None]] = defaultdict(dict)
        for number, operations in enumerate(self._operations):
            nodes = self._nodes[number]
            for operation in operations:
                if operation.frame is not None and not operation.backward:
                    for operand in operation.operands:
                        if operand in nodes:
                            found[Node(number, operand)][operation.frame] = None
        return {key: list(frames) for key, frames in found.items()}

    def places(self, graph: Graph, frame: int) -> dict[str | None, Span]:
        """The places of a call chain by the package that they are in (None: the user's code), innermost first."""
        found: dict[str | None, Span] = {}
        for step in _outward(graph, frame):
            found.setdefault(step.package, step.span)
        return found

    @cached_property
    def _places(self) -> dict[str, dict[int, set[Chain]]]:
        found: dict[str, dict[int, set[Chain]]] = {}
        for chain in self._all:
            for span in self.places(self._graphs[chain.graph], chain.frame).values():
                _add(found, span, chain)
        return found

    @cached_property
    def _callers(self) -> dict[str, dict[int, set[Chain]]]:
        found: dict[str, dict[int, set[Chain]]] = {}
        for chain in self._all:
            for step in _outward(self._graphs[chain.graph], chain.frame):
                _add(found, step.span, chain)
        return found

    @cached_property
    def _all(self) -> dict[Chain, list[Operation]]:
        found: dict[Chain, list[Operation]] = {}
        for number, operations in enumerate(self._operations):
            for operation in operations:
                if operation.frame is not None:
                    found.setdefault(Chain(number, operation.frame), []).append(operation)
        return found | {chain: [] for chain in self._saved_by_chain if chain not in found}

    @cached_property
    def _saved_by_chain(self) -> dict[Chain, list[Saved]]:
        found: dict[Chain, list[Saved]] = {}
        for number, graph in enumerate(self._graphs):
            for value in saved_in_runs(graph):
                if value.frame is not None and value.alias_of is None:
                    found.setdefault(Chain(number, value.frame), []).append(value)
        return found

    @staticmethod
    def _chains(table: dict[str, dict[int, set[Chain]]], path: str, lines: Iterable[int]) -> set[Chain]:
        known = table.get(path, {})
        return {chain for line in lines for chain in known.get(line, ())}

    def _work(self, chains: set[Chain]) -> Work:
        operations: list[Operation] = []
        saved: list[Saved] = []
        inputs: list[Node] = []
        for chain in sorted(chains):
            nodes = self._nodes[chain.graph]
            mine = self._all[chain]
            operations += mine
            saved += self._saved_by_chain.get(chain, ())
            inputs += [Node(chain.graph, name) for o in mine if not o.backward for name in o.operands if name in nodes]
        operations.sort(key=lambda operation: operation.backward)
        return Work(tuple(operations), tuple(saved), tuple(dict.fromkeys(inputs)))

    @cached_property
    def _nodes(self) -> list[frozenset[str | None]]:
        return [frozenset(slot.node for slot in graph.inputs) for graph in self._graphs]


def _every_operation(graph: Graph) -> tuple[Operation, ...]:
    """The operations of a graph and of its bodies. Those of bodies, not the one that runs them, read what is passed."""
    if not graph.bodies:
        return graph.operations
    bodies = bodies_of(graph)
    return (*(bodies.without_passed(operation) for operation in graph.operations), *bodies.operations)


def _outer_to_inner(module: str) -> list[str]:
    """The names of the modules around a module, outermost first, and its own name."""
    return [module[: dot.start()] for dot in re.finditer(r"\.|$", module)] if module else []


def _by_module(operations: Iterable[Operation]) -> Counter[str]:
    """The number of operations that each module does, including those of its submodules."""
    found: Counter[str] = Counter()
    for module, number in Counter(operation.module for operation in operations).items():
        for name in _outer_to_inner(module or ""):
            found[name] += number
    return found


def lines_of(span: Span) -> range:
    """The lines that a span covers."""
    last = span.end_line or span.line
    return range(span.line, min(last, span.line + _LONGEST) + 1)


def _outward(graph: Graph, index: int | None) -> Iterator[StackFrame]:
    """The frames of a call chain, innermost first."""
    while index is not None:
        frame = graph.frames[index]
        yield frame
        index = frame.caller


def _add(table: dict[str, dict[int, set[Chain]]], span: Span, chain: Chain) -> None:
    lines = table.setdefault(span.path, {})
    for line in lines_of(span):
        lines.setdefault(line, set()).add(chain)
