"""The outline of a log: ranks, compiles, graphs, and the inputs of each graph with their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from aotlens.explain.log_values import compile_in_words, function_in_words, graph_in_words, value_in_brief
from aotlens.logs.graphs import CompileId
from aotlens.logs.named import GraphNames, ValueName

from .view import LogView


@dataclass(frozen=True)
class Item:
    """A thing in the outline: its name, what stands beside it, and its lines, both inclusive."""

    name: str
    detail: str
    kind: Literal["rank", "compile", "graph", "input"]
    first: int
    last: int
    children: tuple[Item, ...] = ()


def outline(view: LogView) -> tuple[Item, ...]:
    """The ranks of a log, or its compiles if it has one rank, each with what is in it."""
    ranks: dict[tuple[int | None, str | None], list[GraphNames]] = {}
    for graph in view.names.graphs:
        ranks.setdefault((graph.graph.compile.rank, graph.graph.compile.process), []).append(graph)
    if len(ranks) == 1:
        return tuple(_compiles(view, view.names.graphs))
    items = []
    for (rank, process), graphs in ranks.items():
        inside = tuple(_compiles(view, graphs))
        name = f"rank {rank}" if rank is not None else f"process {process}" if process is not None else "no rank"
        items.append(_around(name, "", "rank", inside))
    return tuple(items)


def folds(view: LogView) -> list[tuple[int, int]]:
    """The first and last line of each graph that has more than one line."""
    runs = [
        run for one in view.names.graphs for run in one.graph.spans or [(one.graph.first_line, one.graph.last_line)]
    ]
    return [(first, last) for first, last in runs if last > first]


def _compiles(view: LogView, graphs: Iterable[GraphNames]) -> Iterator[Item]:
    compiles: dict[str | None, list[GraphNames]] = {}
    for graph in graphs:
        compiles.setdefault(graph.graph.compile.frame, []).append(graph)
    for frame, inside in compiles.items():
        items = tuple(_graph(graph) for graph in inside)
        if frame is None:
            yield from items
            continue
        detail = _function(view, inside)
        yield _around(compile_in_words(CompileId(frame)), detail, "compile", items)


def _function(view: LogView, graphs: Sequence[GraphNames]) -> str:
    """The function that a compile is of, and its line; else those of its first operation; empty if it has none."""
    compile = graphs[0].graph.compile
    known = next((one for one in view.names.log.compiles if one.compile == compile), None)
    if known is not None and known.function is not None:
        return function_in_words(known.function, known.file, known.line)
    made = (operation.made for graph in graphs for operation in graph.graph.operations)
    first = next((source for source in made if source is not None and source.function is not None), None)
    return function_in_words(first.function or "", first.path, first.line) if first is not None else ""


def _graph(names: GraphNames) -> Item:
    graph = names.graph
    first = min([graph.first_line, *(first for first, _ in graph.spans)])
    last = max([graph.last_line, *(last for _, last in graph.spans)])
    inputs = tuple(_input(value) for value in names.inputs if value.value.place is not None)
    count = f"{len(names.inputs)} in, {len(names.outputs)} out"
    return Item(graph_in_words(graph), count, "graph", first, last, inputs)


def _input(value: ValueName) -> Item:
    assert value.value.place is not None
    at = value.value.place.line
    detail = "  ".join(part for part in (value_in_brief(value), value.value.type) if part)
    return Item(value.value.node or "", detail, "input", at, at)


def _around(name: str, detail: str, kind: Literal["rank", "compile"], items: tuple[Item, ...]) -> Item:
    return Item(name, detail, kind, min(item.first for item in items), max(item.last for item in items), items)
