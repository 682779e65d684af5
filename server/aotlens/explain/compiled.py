"""The graphs that torch.compile runs, in words: their names, and the lines of the user's code that they are."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.compiled import lines_run
from aotlens.model.index import MapIndex
from aotlens_tracer.wire.descriptor_map import DynamoSource, Graph

from .brief import numbers_in_brief
from .paths import line_in_words, number_of_line


def name_of_graph(graph: Graph, number: int) -> str:
    """`graph 0/1`, as torch's logs name it; `graph 2` for the second one of a map without compile ids."""
    return f"graph {graph.compiled.compile_id if graph.compiled is not None else number + 1}"


def in_graph(graph: Graph, index: MapIndex) -> str:
    """` in graph 0/1`: an addition to the name of a node; empty if the map has one graph alone."""
    return f" in {name_of_graph(graph, index.number(graph))}" if len(index.graphs) > 1 else ""


def heading(graph: Graph, number: int) -> str:
    """`graph 0/1: Net.forward after the break in line 13, lines 14 to 16`."""
    name, compiled = name_of_graph(graph, number), graph.compiled
    if compiled is None:
        return name
    path = compiled.span.path if compiled.span is not None else None
    resumed = compiled.resumes_at
    after = f" after the break in {line_in_words(path, resumed)}" if resumed is not None else ""
    runs = f", runs {compiled.runs} times" if compiled.runs > 1 else ""
    return f"{name}: {compiled.function}{after}{_lines(graph)}{runs}"


def outputs_made_by(sources: Sequence[DynamoSource], index: MapIndex) -> str:
    """`output 0 of graph 0/0`: the outputs of an earlier graph that locals are; empty if no graph computes them."""
    made = [source.made_by for source in sources if source.made_by is not None]
    if not made:
        return ""
    number = made[0][0]
    outputs = f"output{'s' if len(made) > 1 else ''} {numbers_in_brief([position for _, position in made])}"
    return f"{outputs} of {name_of_graph(index.graphs[number], number)}"


def headings(graphs: Sequence[Graph]) -> list[str]:
    """The heading of each graph; empty texts if there is one graph, and torch.compile did not make it."""
    if len(graphs) == 1 and graphs[0].compiled is None:
        return [""]
    return [heading(graph, number) for number, graph in enumerate(graphs)]


def _lines(graph: Graph) -> str:
    span = lines_run(graph)
    if span is None:
        return ""
    last = span.end_line or span.line
    if last == span.line:
        return f", {line_in_words(span.path, span.line)}"
    return f", lines {number_of_line(span.path, span.line)} to {line_in_words(span.path, last).removeprefix('line ')}"
