"""The outline of a log: ranks, compiles, graphs, and the inputs of each graph with their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from aotlens.explain.logged import code_in_words, compile_in_words, graph_in_words, value_in_brief
from aotlens.logs.calls import LoggedCall, calls_of
from aotlens.logs.graphs import CompileId
from aotlens.logs.named import GraphNames, LogNames, ValueName

MOST_INPUTS = 2000
"""The outline of a log with more inputs ends at the graphs: an editor takes seconds for so many symbols."""
MOST_GRAPHS = 4000
"""The outline of a log with more graphs has the first ones."""


@dataclass(frozen=True)
class Item:
    """A thing in the outline: its name, what stands beside it, and its lines, both inclusive."""

    name: str
    detail: str
    kind: Literal["rank", "compile", "graph", "input"]
    first: int
    last: int
    children: tuple[Item, ...] = ()


def outline(names: LogNames) -> tuple[Item, ...]:
    """The ranks of a log, or its compiles if it has one rank, each with what is in it."""
    ranks: dict[tuple[int | None, str | None], list[LoggedCall]] = {}
    with_inputs = sum(len(graph.inputs) for graph in names.graphs) <= MOST_INPUTS
    graphs = 0
    for call in calls_of(names):
        graphs += len(call.graphs)
        if graphs > MOST_GRAPHS:
            break
        ranks.setdefault((call.compile.rank, call.compile.process), []).append(call)
    if len(ranks) == 1:
        return tuple(item for calls in ranks.values() for item in _calls(calls, with_inputs))
    items = []
    for (rank, process), calls in ranks.items():
        name = (
            f"rank {rank}" if rank is not None else f"process {process}" if process is not None else "without a prefix"
        )
        items.append(_around(name, "", "rank", tuple(_calls(calls, with_inputs))))
    return tuple(items)


def folds(names: LogNames) -> list[tuple[int, int]]:
    """The first and last line of each graph that has more than one line."""
    runs = [run for one in names.graphs for run in one.graph.spans or [(one.graph.first_line, one.graph.last_line)]]
    return [(first, last) for first, last in runs if last > first]


def _calls(calls: Iterable[LoggedCall], with_inputs: bool) -> Iterator[Item]:
    for call in calls:
        items = tuple(_graph(graph, with_inputs) for graph in call.graphs)
        name = compile_in_words(CompileId(call.compile.frame))
        if name:
            yield _around(name, code_in_words(call), "compile", items)
        else:
            yield from items


def _graph(names: GraphNames, with_inputs: bool) -> Item:
    graph = names.graph
    first = min([graph.first_line, *(first for first, _ in graph.spans)])
    last = max([graph.last_line, *(last for _, last in graph.spans)])
    shown = names.inputs if with_inputs else ()
    inputs = tuple(_input(value) for value in shown if value.value.place is not None)
    count = f"{len(names.inputs)} in, {len(names.outputs)} out"
    return Item(graph_in_words(graph), count, "graph", first, last, inputs)


def _input(value: ValueName) -> Item:
    assert value.value.place is not None
    at = value.value.place.line
    detail = "  ".join(part for part in (value_in_brief(value), value.value.type) if part)
    return Item(value.value.node or "", detail, "input", at, at)


def _around(name: str, detail: str, kind: Literal["rank", "compile"], items: tuple[Item, ...]) -> Item:
    return Item(name, detail, kind, min(item.first for item in items), max(item.last for item in items), items)
