"""The traced models whose graphs a log shows, and the slots of their maps that the log's values are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from aotlens.logs.graphs import LoggedGraph
from aotlens.logs.named import GraphNames, LogNames, ValueName
from aotlens.model.index import index_of
from aotlens.model.log_matching import GraphMatch, NoMatch
from aotlens.model.log_naming import matched_graph, named_by_maps
from aotlens.model.names import birthplace
from aotlens.model.resolve import Resolved
from aotlens.model.slots import Entry, Result
from aotlens.model.snapshot import Snapshot, TargetState
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Span

_COMPARED: WeakKeyDictionary[LoggedGraph, dict[int, GraphMatch | NoMatch | None]] = WeakKeyDictionary()
"""The results by the serial number of the map's index."""
_NAMED: WeakKeyDictionary[LogNames, dict[tuple[int, ...], LogNames]] = WeakKeyDictionary()
"""The names by the serial numbers of the maps' indices."""


@dataclass(frozen=True)
class Matched:
    """A target with the graph of its map that a logged graph is."""

    state: TargetState
    match: GraphMatch

    def slot(self, graph: GraphNames, value: ValueName) -> Resolved | None:
        """The input or output of the map that a value of the logged graph is; None if the map has none for it."""
        item = self._item(graph, value)
        if item is None or self.state.map is None:
            return None
        return Resolved(self.state, index_of(self.state.map), items=(item,))

    def _item(self, graph: GraphNames, value: ValueName) -> Entry | Result | None:
        for index, own in enumerate(graph.inputs):
            if own is value:
                slot = self.match.inputs[index]
                return Entry(self.match.graph, slot) if slot is not None else None
        for index, output in enumerate(graph.outputs):
            if output is value or (output.value.node is not None and output.value.node == value.value.node):
                result = self.match.outputs[index]
                return Result(self.match.graph, result) if result is not None else None
        return None


def named_by_models(snapshot: Snapshot, names: LogNames) -> LogNames:
    """A log with the names of the traced models, where they have its graphs."""
    maps = [map for state in snapshot.states.values() for map in state.maps]
    known = _NAMED.setdefault(names, {})
    key = tuple(index_of(map).serial for map in maps)
    if key not in known:
        known.clear()  # the maps of before are gone
        known[key] = named_by_maps(names, [graph for map in maps for graph in map.graphs]).names
    return known[key]


def matched(snapshot: Snapshot, logged: LoggedGraph) -> Sequence[Matched] | NoMatch:
    """The targets whose graph a logged graph is, those with the same sizes alone if there are any.

    If there are none, the result for the target that came nearest.
    """
    found, missed = [], [NoMatch(logged, "no graph")]
    states = [state for one in snapshot.states.values() for state in (one, one.swapped())]
    for state in states:
        if state.map is None or snapshot.is_part(state):
            continue
        compared = _compared(logged, state.map)
        if isinstance(compared, GraphMatch):
            found.append(Matched(state, compared))
        elif compared is not None:
            missed.append(compared)
    if not found:
        nearness = ("no graph", "convention", "inputs", "types", "code")
        return max(missed, key=lambda one: nearness.index(one.reason))
    same = [one for one in found if one.match.same_sizes]
    return same or found


def born_in(
    snapshot: Snapshot, files: Mapping[str, Sequence[str]], value: ValueName
) -> tuple[TargetState, Span] | None:
    """The birthplace of the parameter or buffer with a value's name, in a traced model of the files of a log.

    It is known even if that model was traced with an example of another shape. None if there is no such model.
    """
    if value.name is None or value.role not in ("parameter", "buffer"):
        return None
    paths = {file for found in files.values() for file in found}
    for state in (state for one in snapshot.states.values() for state in (one, one.swapped())):
        named = index_of(state.map).named(value.name) if state.map is not None and state.key.path in paths else None
        made = birthplace(named) if named is not None else None
        if made is not None and (now := snapshot.now(state, made)) is not None:
            return state, now
    return None


def _compared(logged: LoggedGraph, map: DescriptorMap) -> GraphMatch | NoMatch | None:
    serial = index_of(map).serial
    results = _COMPARED.setdefault(logged, {})
    if serial not in results:
        results[serial] = matched_graph(logged, map.graphs)
    return results[serial]
