"""The names in a log, from the log alone: no model, no source, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .graphs import Log, LoggedGraph, LoggedValue, SourceLine
from .input_names import InputNames
from .mention_names import mention_names
from .named import GraphNames, LogNames, ValueName
from .output_names import output_names
from .related_graphs import Related, related_graphs

_MOST_USES = 3
"""The lines that read a value which are kept; more do not help to recognise it."""


def names_of(log: Log) -> LogNames:
    """The names of all inputs, outputs, intermediate values and mentions of a log."""
    by_graph: dict[int, GraphNames] = {}
    by_number: dict[int, GraphNames] = {}
    named: list[GraphNames] = []
    for graph, related in zip(log.graphs, related_graphs(log.graphs), strict=True):
        names = _graph_names(graph, related, by_graph, by_number)
        if graph.number is not None and graph.kind in ("joint", "forward"):
            by_number.setdefault(graph.number, names)
        by_graph[id(graph)] = names
        named.append(names)
    return LogNames(log, named, mention_names(log, named))


def _graph_names(
    graph: LoggedGraph, related: Related, by_graph: dict[int, GraphNames], by_number: dict[int, GraphNames]
) -> GraphNames:
    joint = by_graph.get(id(related.joint)) if related.joint is not None else None
    dynamo = by_graph.get(id(related.dynamo)) if related.dynamo is not None else None
    inputs = InputNames(graph, joint, dynamo, related.is_near, by_number)
    uses = _uses(graph)
    found = [
        replace(name, index=index, used=tuple(uses.get(name.value.node or "", ())))
        for index, name in enumerate(inputs.names())
    ]
    intermediates = {
        made.node: ValueName(
            LoggedValue(made.node, made.type, None, None, made.place),
            "intermediate",
            made=made.made,
            used=tuple(uses.get(made.node, ())),
            known_by="node",
        )
        for made in graph.operations
    }
    outputs = output_names(graph, found, related, joint)
    found = [_linked(name, outputs) for name in found]
    return GraphNames(graph, found, outputs, intermediates, related.dynamo, inputs.doubts)


def _uses(graph: LoggedGraph) -> dict[str, list[SourceLine]]:
    """The first lines that read each node."""
    found: dict[str, list[SourceLine]] = {}
    for operation in graph.operations:
        line = operation.made
        if line is None:
            continue
        for node in operation.reads:
            lines = found.setdefault(node, [])
            if len(lines) < _MOST_USES and line not in lines:
                lines.append(line)
    return found


def _linked(name: ValueName, outputs: Sequence[ValueName]) -> ValueName:
    """An input with the index of its gradient, and a tangent with the line of the output that it belongs to."""
    node = name.value.node
    for output in outputs:
        if output.role == "gradient" and output.of is not None and output.of == node:
            return replace(name, gradient=output.index)
        if name.role == "tangent" and output.tangent == name.index and output.tangent is not None:
            return replace(name, of=output.value.node, made=output.made, dynamo=output.dynamo)
    return name
