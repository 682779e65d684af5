"""The names of a logged graph, taken from the maps of the traced model that have the same graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aotlens.logs.graphs import CompileId, LoggedGraph, LoggedValue, SourceLine
from aotlens.logs.mention_names import mention_names
from aotlens.logs.named import GraphNames, LogNames, MentionNames, Role, ValueName
from aotlens_tracer.wire.graphs import Graph, Input, Output
from aotlens_tracer.wire.input_roles import role_of
from aotlens_tracer.wire.protocol import Convention

from .gradients import name_of_gradient
from .log_matching import GraphMatch, NoMatch, match


@dataclass(frozen=True)
class EitherConvention:
    """A logged graph that the model has in both calling conventions, under other numbers; the text proves neither."""

    compile: GraphMatch
    export: GraphMatch


Matched = GraphMatch | EitherConvention | NoMatch
"""How a logged graph compares with the graphs of a model."""


@dataclass(frozen=True)
class NamedByMaps:
    """A log with the names of maps, and how each graph of it was matched; None for graphs that no map can have."""

    names: LogNames
    matches: Sequence[Matched | None]


def named_by_maps(names: LogNames, graphs: Sequence[Graph]) -> NamedByMaps:
    """A log whose graphs have the names of the graphs of some maps, where they are the same graphs."""
    matches = [_matched(one.graph, graphs) for one in names.graphs]
    named = [_with_names(one, found) for one, found in zip(names.graphs, matches, strict=True)]
    return NamedByMaps(LogNames(names.log, named, mention_names(names.log, named)), matches)


def with_mentions_of_model(names: LogNames, graphs: Sequence[Graph]) -> LogNames:
    """A log in which names that stand in none of its graphs have their meanings in the graphs of some maps."""
    mentions = [
        one if one.found else MentionNames(one.mention, _of_model(one.mention.name, graphs)) for one in names.mentions
    ]
    return LogNames(names.log, names.graphs, mentions)


def _of_model(node: str, graphs: Sequence[Graph]) -> list[tuple[GraphNames, ValueName]]:
    """The inputs of a model's graphs with the name of a node, of which the log itself shows no graph."""
    found = []
    for graph in graphs:
        for slot in graph.inputs:
            if slot.node == node:
                frame = None if graph.compiled is None else graph.compiled.compile_id
                convention: Convention = "export" if graph.compiled is None else "compile"
                logged = LoggedGraph("unknown", CompileId(frame), 0, 0, (), (), convention, form="map")
                value = _input(ValueName(LoggedValue(node), "unknown"), slot, graph)
                found.append((GraphNames(logged, (), (), {}), value))
    return found


def matched_graph(logged: LoggedGraph, graphs: Sequence[Graph]) -> GraphMatch | NoMatch | None:
    """The one of some graphs that a graph of a log is; None for a kind of graph that no map has."""
    if logged.kind in ("body", "before-grad", "exported") or (logged.kind == "unknown" and not logged.inputs):
        return None
    return match(logged, graphs)


def _matched(logged: LoggedGraph, graphs: Sequence[Graph]) -> Matched | None:
    found = matched_graph(logged, graphs)
    if found is not None and logged.convention is None:
        by_compile = match(logged, [graph for graph in graphs if graph.compiled is not None])
        by_export = match(logged, [graph for graph in graphs if graph.compiled is None])
        if isinstance(by_compile, GraphMatch) and isinstance(by_export, GraphMatch):
            labels = [[slot and slot.label for slot in found.inputs] for found in (by_compile, by_export)]
            return by_export if labels[0] == labels[1] else EitherConvention(by_compile, by_export)
    return found


def _with_names(names: GraphNames, found: Matched | None) -> GraphNames:
    if isinstance(found, GraphMatch):
        return _named(names, found)
    if not isinstance(found, EitherConvention):
        return names
    compiled, exported = _named(names, found.compile), _named(names, found.export)
    return replace(
        compiled,
        inputs=_both(compiled.inputs, exported.inputs),
        outputs=_both(compiled.outputs, exported.outputs),
        doubts=("several graphs",),
    )


def _both(compiled: Sequence[ValueName], exported: Sequence[ValueName]) -> list[ValueName]:
    """The names in torch.compile's convention, each with the other one where that differs."""
    return [
        one
        if (one.role, one.name) == (other.role, other.name)
        else replace(one, exported=other, doubts=("several graphs",))
        for one, other in zip(compiled, exported, strict=True)
    ]


def _named(names: GraphNames, found: GraphMatch) -> GraphNames:
    inputs = [
        name if slot is None else _input(name, slot, found.graph)
        for name, slot in zip(names.inputs, found.inputs, strict=True)
    ]
    outputs = [
        name if slot is None else _output(name, slot, found.graph)
        for name, slot in zip(names.outputs, found.outputs, strict=True)
    ]
    return replace(names, inputs=inputs, outputs=outputs, doubts=())


def _input(name: ValueName, slot: Input, graph: Graph) -> ValueName:
    role = role_of(slot)
    if role == "tangent":
        label = slot.label if slot.tangent_of is None else graph.outputs[slot.tangent_of].label
        return replace(name, role="tangent", name=label, known_by="map", doubts=())
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
        return replace(
            name, role="gradient", name=name_of_gradient(slot, graph), of=owner.node, known_by="map", doubts=()
        )
    if slot.mutation_of is not None:
        owner = graph.inputs[slot.mutation_of]
        return replace(name, role="new value", name=owner.label, of=owner.node, known_by="map", doubts=())
    role: Role = "result" if name.role == "unknown" else name.role
    return replace(name, role=role, name=slot.label, made=made, known_by="map", doubts=())
