"""Findings about communication that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..wire.collectives import Collective
from ..wire.descriptor_map import Graph, Span, Target
from ..wire.findings import Finding, Redistributed, Redistribution, Subject


def redistributions(target: Target, graphs: Sequence[Graph]) -> Iterator[Finding]:
    """Yield a finding for each expression whose operands or gradients DTensor redistributes unasked.

    Layers that run the same expression have one finding.
    """
    groups: dict[Span | None, list[Collective]] = {}
    for graph in graphs:
        for each in graph.collectives:
            if each.is_implicit:
                groups.setdefault(each.source, []).append(each)
    for source, collectives in groups.items():
        place = source or Span(target.path, target.line or 1)
        first = collectives[0]
        subject = Subject("value", first.operand or first.label or target.qualname)
        reason = Redistributed(tuple(_alike(collectives)))
        yield Finding("implicit-redistribution", place.path, place.line, place.column, (subject,), reason)


def _alike(collectives: Sequence[Collective]) -> Iterator[Redistribution]:
    """Yield the collectives of an expression, those as one that differ in nothing but their bytes and module."""
    groups: dict[tuple[object, ...], list[Collective]] = {}
    for each in collectives:
        key = (each.kind, each.ranks, each.dimension, each.is_backward, each.by, each.before, each.after, each.operand)
        groups.setdefault(key, []).append(each)
    for members in groups.values():
        first = members[0]
        sizes = [each.bytes for each in members]
        yield Redistribution(
            first.kind,
            None if None in sizes else sum(size for size in sizes if size is not None),
            len(members),
            first.ranks,
            first.dimension,
            first.is_backward,
            first.by,
            first.before,
            first.after,
            first.operand,
        )
