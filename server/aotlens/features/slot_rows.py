"""The rows of the view of a graph's inputs and outputs, and those of a tensor subclass as a tree of its pieces."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from aotlens.explain.shapes import slot_in_brief
from aotlens.explain.subclasses import facts_in_brief, piece_in_brief, subclass_in_brief
from aotlens.model.subclasses import slot_of
from aotlens.model.wholes import Item, Whole
from aotlens_tracer.wire.descriptor_map import Graph, Piece, Span, Subclass

Today = Callable[[Span | None], Span | None]
"""A span of the map in today's text."""


@dataclass(frozen=True)
class Row:
    """One slot or saved value, or several that differ in numbers alone, which are then its `members`.

    A tensor subclass is a row as well, whose members are its pieces. `note` has facts beside the type; `concern` is
    True if they deserve a look. `labels` are those of slots with a descriptor, for `aotlens.copyExpression`.
    """

    label: str
    type: str
    nodes: tuple[str, ...]
    note: str = ""
    concern: bool = False
    descriptor: str | None = None
    place: Span | None = None
    labels: tuple[str, ...] = ()
    members: tuple[Row, ...] = ()

    @property
    def likeness(self) -> Hashable:
        """All that is shown of the row, but for its name, its nodes and its descriptors."""
        return self.type, self.note, self.concern, self.place, tuple((m.label, m.likeness) for m in self.members)


def whole_row(first: Row, value: Whole[Item], today: Today) -> Row:
    """The row of a tensor subclass. `first` is the row that its first piece would have alone."""
    subclass = value.subclass
    if subclass is None:
        return first
    members = _rows(subclass, value.items[0].graph, today)
    return replace(
        first,
        label=subclass.about or subclass.label,
        type=subclass_in_brief(subclass),
        nodes=tuple(node for row in members for node in row.nodes),
        note=", ".join(filter(None, (first.note, facts_in_brief(subclass)))),
        descriptor=subclass.descriptor,
        labels=tuple(label for row in members for label in row.labels),
        members=members,
    )


def _rows(around: Subclass | Piece, graph: Graph, today: Today) -> tuple[Row, ...]:
    return tuple(_row(piece, around, graph, today) for piece in around.pieces)


def _row(piece: Piece, around: Subclass | Piece, graph: Graph, today: Today) -> Row:
    members = _rows(piece, graph, today)
    slot = slot_of(piece, graph)
    nodes = [slot.node] if slot is not None and slot.node is not None else []
    labels = [slot.label] if slot is not None and slot.descriptor is not None else []
    return Row(
        piece.attribute,
        slot_in_brief(slot, graph) if slot is not None else piece_in_brief(piece, around),
        (*nodes, *_of(members, lambda row: row.nodes)),
        facts_in_brief(piece),
        descriptor=slot.descriptor if slot is not None else None,
        place=today(piece.listed),
        labels=(*labels, *_of(members, lambda row: row.labels)),
        members=members,
    )


def _of(rows: Sequence[Row], texts: Callable[[Row], tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(text for row in rows for text in texts(row))
