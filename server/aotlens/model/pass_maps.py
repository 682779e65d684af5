"""Decides which maps answer for the code of a graph pass: those of the convention in which torch runs it."""

from __future__ import annotations

from dataclasses import dataclass

from aotlens.syntax.subjects import PassSubject
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.protocol import Convention

from .contexts import own_states
from .imported import is_named
from .index import MapIndex, index_of
from .numbering import convention_with
from .snapshot import Snapshot, TargetState


@dataclass(frozen=True)
class PassMap:
    """A map that answers, with its index and its target."""

    state: TargetState
    map: DescriptorMap
    index: MapIndex


def pass_maps(snapshot: Snapshot, document: Document, subject: PassSubject) -> tuple[PassMap, ...]:
    """The maps in which a thing in a pass is looked up: those of the models that its file has or imports, else of all.

    If the code shows the convention (`convention_of`), there are none of the other. Else each target has first the map
    that is shown, and then that of the other convention. Dynamo's own graph has no descriptors: no map answers for it.
    """
    if subject.hook is not None and subject.hook.graph == "dynamo":
        return ()
    wanted = convention_of(subject)
    found = []
    for state in _targets(snapshot if wanted is None else snapshot.shown_in(wanted), document):
        for shown in (state, state.swapped()) if wanted is None else (state,):
            if shown.map is not None:
                found.append(PassMap(shown, shown.map, index_of(shown.map)))
    return tuple(found)


def _targets(snapshot: Snapshot, document: Document) -> list[TargetState]:
    states = own_states(snapshot, document.path)
    return [state for state in states if is_named(document, state)] or states


def convention_of(subject: PassSubject) -> Convention | None:
    """The calling convention of the graphs that a pass gets, as its code shows it; None if the code does not."""
    return convention_with(subject.hook, subject.exports)
