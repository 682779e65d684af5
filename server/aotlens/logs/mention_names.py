"""The values that names in tracebacks and free text stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from .graphs import CompileId, GraphKind, Log
from .named import GraphNames, MentionNames, ValueName

_PREFERRED: Mapping[GraphKind, int] = MappingProxyType(
    {"joint": 0, "forward": 1, "inference": 1, "exported": 1, "backward": 2, "after-grad": 3, "unknown": 4, "body": 5}
)
_MOST = 8
"""The graphs that are listed for one mention; a log may have thousands."""


def mention_names(log: Log, graphs: Sequence[GraphNames]) -> list[MentionNames]:
    """The values that each mention of a log may stand for."""
    by_node: dict[str, list[tuple[GraphNames, ValueName]]] = {}
    wanted = {mention.name for mention in log.mentions}
    for names in graphs:
        for node in wanted.intersection(_nodes(names)):
            if names.graph.kind not in ("dynamo", "before-grad") and (name := names.of(node)) is not None:
                by_node.setdefault(node, []).append((names, name))
    known: dict[tuple[str, CompileId], list[tuple[GraphNames, ValueName]]] = {}
    found = []
    for mention in log.mentions:
        key = mention.name, mention.compile
        if key not in known:
            known[key] = _candidates(by_node.get(mention.name, []), mention.compile)
        found.append(MentionNames(mention, known[key]))
    return found


def _nodes(names: GraphNames) -> set[str]:
    graph = names.graph
    values = {value.node for value in (*graph.inputs, *graph.outputs) if value.node is not None}
    return values.union(graph.operations_by_node)


def _candidates(
    found: Sequence[tuple[GraphNames, ValueName]], compile: CompileId
) -> list[tuple[GraphNames, ValueName]]:
    """The values of the compile, or those of all graphs if it has none, without those that say the same."""
    own = [pair for pair in found if compile.frame is not None and pair[0].graph.compile == compile]
    own = own or [pair for pair in found if pair[0].graph.compile.rank == compile.rank] or list(found)
    ordered = sorted(own, key=lambda pair: _PREFERRED.get(pair[0].graph.kind, 6))
    different: dict[object, tuple[GraphNames, ValueName]] = {}
    for names, name in ordered:
        different.setdefault((names.graph.compile, *_meaning(name)), (names, name))
        if len(different) == _MOST:
            break
    return list(different.values())


def _meaning(name: ValueName) -> tuple[object, ...]:
    if name.name is not None:
        return (name.name,)
    return (name.made,) if name.made is not None else (name.role,)
