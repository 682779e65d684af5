"""Findings about parameters whose gradient lies otherwise on the mesh than they do."""

from __future__ import annotations

from collections.abc import Iterator

from ..wire.descriptor_map import Graph, Span, Subclass, Target
from ..wire.findings import Finding, OtherPlacements, Place
from ..wire.gradients import own_gradient
from .values import Value


def placement_findings(value: Value, graph: Graph, target: Target) -> Iterator[Finding]:
    """Yield the finding about a parameter: at the expression whose derivative has other placements."""
    if value.kind != "parameter":
        return
    whole = next((each for each in graph.subclasses if value.first.index in each.inputs), None)
    reason = _reason(whole) if whole is not None else None
    if reason is None:
        return
    definition = value.first.definition
    sources = [graph.outputs[index].source for piece in value.pieces for index in own_gradient(piece, graph)]
    source = next((each for each in sources if each is not None), None)
    place = source or definition or Span(target.path, target.line or 1)
    places = (Place("made", definition),) if definition is not None and definition != place else ()
    yield value.finding("gradient-placements", place, reason, places)


def _reason(whole: Subclass) -> OtherPlacements | None:
    gradient = whole.gradient.sharding if whole.gradient is not None else None
    own = whole.sharding
    if own is None or gradient is None or own.mesh != gradient.mesh or own.placements == gradient.placements:
        return None
    assert whole.gradient is not None
    return OtherPlacements(own, gradient, whole.gradient.transfers)
