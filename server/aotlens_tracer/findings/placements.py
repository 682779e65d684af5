"""Findings about gradients of tensor subclasses: other placements than the parameter has, or than torch assumed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch

from ..wire.descriptor_map import Graph, Piece, Span, Subclass, Target
from ..wire.eager_run import EagerRun
from ..wire.findings import Finding, OtherPlacements, Place, Subject, TangentPlacements, WrongTangent
from ..wire.gradients import own_gradient
from ..wire.subclasses import PLAIN
from .values import Value


def placement_findings(value: Value, graph: Graph, target: Target) -> Iterator[Finding]:
    """Yield the finding about a parameter: at the expression whose derivative has other placements."""
    if value.kind != "parameter":
        return
    whole = next((each for each in graph.subclasses if value.first.index in each.inputs), None)
    reason = _reason(whole, graph) if whole is not None else None
    if reason is None:
        return
    definition = value.first.definition
    sources = [graph.outputs[index].source for piece in value.pieces for index in own_gradient(piece, graph)]
    source = next((each for each in sources if each is not None), None)
    place = source or definition or Span(target.path, target.line or 1)
    places = (Place("made", definition),) if definition is not None and definition != place else ()
    yield value.finding("gradient-placements", place, reason, places)


def with_managers(findings: Sequence[Finding], managed: Mapping[str, str]) -> list[Finding]:
    """Return the findings, where parameters have hooks that redistribute the gradient, with the function that has them.

    `managed` are the names of such parameters, each with the function.
    """

    def with_manager(finding: Finding) -> Finding:
        by = managed.get(finding.subjects[0].name) if isinstance(finding.reason, OtherPlacements) else None
        if by is None or not isinstance(finding.reason, OtherPlacements):
            return finding
        return replace(finding, reason=replace(finding.reason, by=by))

    return [with_manager(finding) for finding in findings]


def without_redistributed(findings: Sequence[Finding], run: EagerRun) -> list[Finding]:
    """Return the findings without those about gradients that have their parameter's placements after a step in eager.

    No graph has the hooks of parameters, which may redistribute a gradient.
    """
    after = {name: each.sharding for each in run.gradients if each.kind == "parameter" for name in each.names}

    def is_redistributed(finding: Finding) -> bool:
        reason = finding.reason
        if not isinstance(reason, OtherPlacements):
            return False
        sharding = after.get(finding.subjects[0].name)
        return sharding is not None and sharding.placements == reason.own.placements

    return [finding for finding in findings if not is_redistributed(finding)]


def tangent_findings(graph: Graph, target: Target) -> Iterator[Finding]:
    """Yield the findings about outputs whose gradient is not as assumed when torch.compile runs the graph."""
    given = [out for out in graph.outputs if not out.is_internal and out.mutation_of is None]
    returned = {out.tangent for out in given if out.tangent is not None}
    for whole in graph.subclasses:
        reason = _reason_of_tangent(whole)
        own = {graph.outputs[index].tangent for index in whole.outputs} - {None}  # sizes have none
        if graph.compiled is not None and whole.tangent is not None and own <= returned and returned - own:
            reason = WrongTangent(whole.tangent.type, True, in_some_runs=True) if whole.tangent.type != PLAIN else None
        if reason is not None:
            place = graph.outputs[whole.outputs[0]].source or Span(target.path, target.line or 1)
            code = "tangent-type" if isinstance(reason, WrongTangent) else "tangent-placements"
            subjects = (Subject("output", whole.label),)
            yield Finding(code, place.path, place.line, place.column, subjects, reason, outputs=whole.outputs)


def _reason_of_tangent(whole: Subclass) -> TangentPlacements | WrongTangent | None:
    """Return why the gradient of an output is not as assumed. Nothing is known of several, which are added up first."""
    if whole.handed is None or whole.tangent is None or len(whole.handed) > 1:
        return None
    if not whole.handed or whole.handed[0].type == PLAIN:
        return WrongTangent(whole.tangent.type, not whole.handed) if whole.tangent.type != PLAIN else None
    (given,) = whole.handed
    if given.sharding is None or whole.tangent.sharding is None or not given.transfers:
        return None
    return TangentPlacements(whole.tangent.sharding, given.sharding, given.transfers)


def _reason(whole: Subclass, graph: Graph) -> OtherPlacements | None:
    gradient = whole.gradient.sharding if whole.gradient is not None else None
    own = whole.sharding
    if own is None or gradient is None or own.mesh != gradient.mesh or own.placements == gradient.placements:
        return None
    assert whole.gradient is not None
    given = [each for each in graph.subclasses if each.role == "gradient" and each.about == whole.label]
    return OtherPlacements(
        own,
        gradient,
        whole.gradient.transfers,
        _bytes(whole.pieces),
        _bytes(given[0].pieces) if given else None,
    )


def _bytes(pieces: Sequence[Piece]) -> int | None:
    """Return the bytes of the tensors in some pieces; None if a size is symbolic."""
    total = 0
    for piece in pieces:
        if piece.kind == "tensor":
            sizes = [size for size in piece.shape or () if isinstance(size, int)]
            kind = getattr(torch, piece.dtype or "", None)
            if piece.shape is None or len(sizes) < len(piece.shape) or not isinstance(kind, torch.dtype):
                return None
            total += math.prod(sizes) * kind.itemsize
        elif piece.kind == "subclass":
            size = _bytes(piece.pieces)
            if size is None:
                return None
            total += size
    return total
