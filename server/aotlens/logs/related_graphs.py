"""Graphs of one compile: which of Dynamo's graphs AOTAutograd was given, and which graphs it made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .graphs import GraphKind, LoggedGraph

_OF_AOT = frozenset({"joint", "forward", "backward", "inference", "after-grad"})
_WHOLE: Mapping[GraphKind, int] = MappingProxyType({"joint": 0, "forward": 1, "inference": 1})
"""The kinds of graphs that have all inputs of a call, the most telling first."""


@dataclass(frozen=True)
class Related:
    """The graphs that say what a graph's numbers mean.

    `dynamo` is the graph that AOTAutograd was given, `joint` the joint graph or else the forward graph of the same
    call, `backward` its backward graph. Each is None if the log does not show it. `is_near` says that `dynamo` was
    chosen because it is the last before the graph, and not by a compile id.
    """

    dynamo: LoggedGraph | None = None
    joint: LoggedGraph | None = None
    backward: LoggedGraph | None = None
    is_near: bool = False


def related_graphs(graphs: Sequence[LoggedGraph]) -> list[Related]:
    """The graphs that belong to each graph of a log."""
    finder = _Finder()
    found = [finder.related(graph) for graph in graphs]
    backwards = _backwards(graphs, found)
    return [
        Related(one.dynamo, one.joint, backwards.get(id(one.joint or graph)), one.is_near)
        for graph, one in zip(graphs, found, strict=True)
    ]


def _backwards(graphs: Sequence[LoggedGraph], found: Sequence[Related]) -> dict[int, LoggedGraph]:
    """The first backward graph of each call, by its joint or forward graph."""
    backwards: dict[int, LoggedGraph] = {}
    for graph, one in zip(graphs, found, strict=True):
        if graph.kind == "backward" and one.joint is not None:
            backwards.setdefault(id(one.joint), graph)
    return backwards


class _Finder:
    """Goes through the graphs in order and remembers the last ones of each compile and process."""

    def __init__(self) -> None:
        self._dynamo: dict[object, LoggedGraph] = {}
        self._nearest: dict[object, LoggedGraph] = {}
        self._joint: dict[object, LoggedGraph] = {}

    def related(self, graph: LoggedGraph) -> Related:
        compile = graph.compile
        process = compile.rank, compile.process
        key = compile if compile.frame is not None else process
        if graph.kind in ("dynamo", "before-grad"):
            self._remember(graph, key, process)
            return Related()
        if graph.kind not in _OF_AOT:
            return Related()
        if graph.convention == "export":
            if graph.kind == "joint":
                self._forget(key)
            return Related(None, self._joint_of(graph, key))
        dynamo, is_near = graph.made_from, False
        if dynamo is None and compile.frame is not None:
            dynamo = self._dynamo.get(compile)
        if dynamo is None and compile.frame is None:
            dynamo, is_near = self._nearest.get(process), True
            if dynamo is not None and not _can_be_of(graph, dynamo):
                dynamo = None
        joint = self._joint_of(graph, key)
        return Related(dynamo, joint, None, is_near and dynamo is not None)

    def _remember(self, graph: LoggedGraph, key: object, process: object) -> None:
        if graph.kind == "before-grad" and key in self._dynamo:
            return
        known = self._dynamo.get(key)
        is_again = known is not None and graph.form == "table" and _nodes(known) == _nodes(graph)
        if not is_again:
            self._dynamo[key] = self._nearest[process] = graph
            self._forget(key)

    def _forget(self, key: object) -> None:
        self._joint.pop(key, None)

    def _joint_of(self, graph: LoggedGraph, key: object) -> LoggedGraph | None:
        known = self._joint.get(key)
        is_other_call = (
            known is not None and known.number is not None and graph.number is not None and known.number != graph.number
        )
        conventions = {graph.convention, known.convention if known is not None else None}
        is_other_call = is_other_call or {"export", "compile"} <= conventions
        if known is not None and (is_other_call or not _fits(graph, known)):
            known = None
        rank = _WHOLE.get(graph.kind)
        if rank is not None and graph.form != "inductor" and (known is None or rank <= _WHOLE.get(known.kind, 2)):
            self._joint[key] = graph
            return known if known is not None and known.kind == "joint" and graph.kind != "joint" else None
        return known


def _can_be_of(graph: LoggedGraph, dynamo: LoggedGraph) -> bool:
    """Whether a graph without a compile id can be made of a Dynamo graph: both name a line, if they name lines."""
    lines = {(made.file, made.line) for made in dynamo.operations if made.line is not None}
    own = {(made.file, made.line) for made in graph.operations if made.line is not None}
    return not lines or not graph.operations or bool(lines & own)


def _fits(graph: LoggedGraph, joint: LoggedGraph) -> bool:
    """Whether the numbered inputs of a graph are inputs of a joint or forward graph."""
    nodes = _nodes(joint)
    return all(
        value.node in nodes
        for value in graph.inputs
        if value.node is not None and value.node.startswith(("primals_", "arg"))
    )


def _nodes(graph: LoggedGraph) -> frozenset[str | None]:
    return frozenset(value.node for value in graph.inputs)
