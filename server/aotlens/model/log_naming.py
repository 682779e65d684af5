"""The names of a logged graph, taken from the map of the traced model that has the same graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aotlens.logs.graphs import LoggedGraph, SourceLine
from aotlens.logs.mention_names import mention_names
from aotlens.logs.named import GraphNames, LogNames, Role, ValueName
from aotlens_tracer.wire.graphs import Graph, Input, Output
from aotlens_tracer.wire.input_roles import role_of

from .log_matching import GraphMatch, NoMatch, match


@dataclass(frozen=True)
class NamedByMaps:
    """A log with the names of maps, and how each graph of it was matched; None for graphs that no map can have."""

    names: LogNames
    matches: Sequence[GraphMatch | NoMatch | None]


def named_by_maps(names: LogNames, graphs: Sequence[Graph]) -> NamedByMaps:
    """A log whose graphs have the names of the graphs of some maps, where they are the same graphs."""
    matches = [matched_graph(one.graph, graphs) for one in names.graphs]
    named = [
        _named(one, found) if isinstance(found, GraphMatch) else one
        for one, found in zip(names.graphs, matches, strict=True)
    ]
    return NamedByMaps(LogNames(names.log, named, mention_names(names.log, named)), matches)


def matched_graph(logged: LoggedGraph, graphs: Sequence[Graph]) -> GraphMatch | NoMatch | None:
    """The one of some maps' graphs that a graph of a log is; None for a kind of graph that no map has."""
    if logged.kind in ("body", "before-grad", "exported") or (logged.kind == "unknown" and not logged.inputs):
        return None
    return match(logged, graphs)


def _named(names: GraphNames, found: GraphMatch) -> GraphNames:
    inputs = [
        name if slot is None else _input(name, slot) for name, slot in zip(names.inputs, found.inputs, strict=True)
    ]
    outputs = [
        name if slot is None else _output(name, slot, found.graph)
        for name, slot in zip(names.outputs, found.outputs, strict=True)
    ]
    return replace(names, inputs=inputs, outputs=outputs, doubts=())


def _input(name: ValueName, slot: Input) -> ValueName:
    role = role_of(slot)
    if role == "tangent":
        return replace(name, role="tangent", name=slot.label, known_by="map", doubts=())
    known: Role = name.role if role == "other" else role
    return replace(name, role=known, name=slot.label, born=slot.definition, known_by="map", doubts=())


def _output(name: ValueName, slot: Output, graph: Graph) -> ValueName:
    if name.role == "saved":
        return name
    made = name.made
    if made is None and slot.source is not None:
        made = SourceLine(slot.source.path, slot.source.line)
    if slot.gradient_of is not None:
        owner = graph.inputs[slot.gradient_of]
        return replace(name, role="gradient", name=owner.label, of=owner.node, known_by="map", doubts=())
    if slot.mutation_of is not None:
        owner = graph.inputs[slot.mutation_of]
        return replace(name, role="new value", name=owner.label, of=owner.node, known_by="map", doubts=())
    role: Role = "result" if name.role == "unknown" else name.role
    return replace(name, role=role, name=slot.label, made=made, known_by="map", doubts=())
