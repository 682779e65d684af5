"""The graphs that have a class: that of its own trace, and those of the traced models around it, each at its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aotlens.explain.graph_lines import KINDS, Kind
from aotlens.explain.whose import at_module, own_name
from aotlens.model.contexts import models_around
from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens_tracer.wire.descriptor_map import Graph


@dataclass(frozen=True)
class GraphChoice:
    """A target whose graphs, of these kinds, have a class.

    `module` is the first instance of the class in them, None for the class's own graphs.
    """

    key: TargetKey
    module: str | None
    title: str
    kinds: tuple[Kind, ...]


def graph_choices(snapshot: Snapshot, key: TargetKey) -> tuple[GraphChoice, ...]:
    """The graphs of a class: its own first, then those of the models around it that are not parts of others."""
    found = []
    around = [one for one in models_around(snapshot, key) if one.index.graphs and not snapshot.is_part(one.state)]
    own = snapshot.states.get(key)
    if own is not None and own.map is not None and own.map.graphs:
        title = own_name(key.qualname, is_alone=bool(around))
        found.append(GraphChoice(key, None, title, _kinds(own.map.graphs)))
    for context in around:
        kinds = _kinds(context.index.graphs)
        found.append(GraphChoice(context.state.key, context.prefixes[0], at_module(context), kinds))
    return tuple(found)


def _kinds(graphs: Sequence[Graph]) -> tuple[Kind, ...]:
    return KINDS if any(graph.joint for graph in graphs) else ("forward",)
