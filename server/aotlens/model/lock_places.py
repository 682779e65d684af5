"""The place of a change in today's source: where what has changed is made, else the target."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens_tracer.wire.descriptor_map import DescriptorMap, Span

from .index import MapIndex, index_of
from .lock import TOP
from .lock_diff import Change
from .names import birthplace
from .saved import values_in
from .snapshot import Snapshot, TargetKey


def place_of(change: Change, key: TargetKey, snapshot: Snapshot) -> Span:
    """The place of a change: of the first thing that it is about, in any file of the user that the trace has read."""
    state = snapshot.states.get(key)
    if state is not None and state.failure is not None and (path := state.failure.path) is not None:
        line = state.failure.line or 1
        return Span(path, line, state.failure.column or 1, line, state.failure.column or 1)
    map = state.map if state is not None else None
    if map is not None:
        for span in _places(change, map):
            if span.path in snapshot.documents or span.path in map.files:
                return span
    return place_of_target(key, snapshot)


def place_of_target(key: TargetKey, snapshot: Snapshot) -> Span:
    """The place of a target itself."""
    state = snapshot.states.get(key)
    map = state.map if state is not None else None
    line = (map.target.line if map is not None else None) or _line_in_text(key, snapshot)
    return Span(key.path, line, 1, line, 1)


def _line_in_text(key: TargetKey, snapshot: Snapshot) -> int:
    document = snapshot.documents.get(key.path)
    found = (each.line for each in document.definitions if each.qualname == key.qualname) if document else iter(())
    return next(found, 1)


def _places(change: Change, map: DescriptorMap) -> Iterator[Span]:
    index = index_of(map)
    if change.kind == "saved":
        yield from _of_saved(change, index)
    elif change.kind == "break-added":
        for each in map.graph_breaks:
            if each.reason == change.after and each.path is not None and each.line is not None:
                yield Span(each.path, each.line, 1, each.line, 1)
    elif change.side == "input":
        for name in change.names:
            named = index.named(name)
            born = birthplace(named) if named is not None else None
            slots = (entry.slot.definition for entry in index.entries if entry.slot.label == name)
            yield from filter(None, (born, *slots))
    elif change.side == "output":
        for result in index.results:
            if result.slot.label in change.names and result.slot.source is not None:
                yield result.slot.source


def _of_saved(change: Change, index: MapIndex) -> Iterator[Span]:
    """The places of the largest values that these modules save, or the places of the modules."""
    modules = {"" if name == TOP else name for name in change.names}
    if change.bytes > 0:
        values = [value for value in values_in(index, ("",)) if value.module in modules]
        for value in sorted(values, key=lambda value: -(value.bytes or 0)):
            if value.source is not None:
                yield value.source
    for name in change.names:
        named = index.named("" if name == TOP else name)
        born = birthplace(named) if named is not None else None
        if born is not None:
            yield born
