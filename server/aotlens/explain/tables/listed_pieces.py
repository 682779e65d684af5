"""The table of the values that have a piece of one name: in the hover of that name in `__tensor_flatten__`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aotlens.explain.blocks import NOTHING, Cell, Column, Table, without_empty
from aotlens.explain.brief import names_in_brief
from aotlens.explain.phrases import and_more
from aotlens.explain.subclasses import counted_slots, piece_in_brief
from aotlens.model.folding import Folded, fold
from aotlens.model.index import MapIndex
from aotlens.model.listed_pieces import ListedPiece
from aotlens.model.subclasses import has_gradient_for_each_piece, likeness

from .pieces import partner_nodes

_ORDER = ("parameter", "buffer", "argument", "output")
"""The values of the user come first, gradients and tangents after them."""
_MOST = 4
"""The most values that the tooltip of a lens lists for each name."""

Row = Folded[ListedPiece]


def rows_of(pieces: Sequence[ListedPiece]) -> list[Row]:
    """The values that have a piece, similar names folded; gradients and tangents stand with their value."""
    paired = {_name(each) for each in pieces if each.at.whole.about is None}
    shown = [each for each in pieces if each.at.whole.about is None or _about(each) not in paired]
    rows = fold(shown, key=lambda each: (each.at.whole.role, likeness(each.at.piece)), label=_name)
    return sorted(rows, key=lambda row: _rank(row.first))


def listed_pieces_table(rows: Sequence[Row], index: MapIndex) -> Table:
    """One row for each value: the nodes of its piece, and those of the gradient or tangent of this piece."""
    cells = tuple(
        (
            Cell(row.label),
            Cell(names_in_brief([item.slot.node for each in row.rows for item in each.items])),
            Cell(_partners(row, index)),
            Cell(piece_in_brief(row.first.at.piece, row.first.at.around)),
        )
        for row in rows
    )
    columns = (
        Column("of", "name"),
        Column("in the graph", "node"),
        Column("gradient or tangent", "node"),
        Column("type", "type"),
    )
    return without_empty(Table("", "", columns, cells))


def listed_in_brief(pieces: Mapping[str, Sequence[ListedPiece]], models: Sequence[str]) -> str:
    """`data_: 1 input · scale: 1 input · in Net and 2 more`: names of pieces, in the first of some models."""
    parts = [f"{name}: {counted_slots(each)}" for name, each in pieces.items()]
    more = f" and {len(models) - 1} more" if len(models) > 1 else ""
    return " · ".join([*parts, f"in {models[0]}{more}"])


def nodes_of_pieces(pieces: Mapping[str, Sequence[ListedPiece]]) -> list[str]:
    """One line for each value that has a piece, with the nodes of that piece: `data_ of first: primals_1`."""
    lines = []
    for name, each in pieces.items():
        rows = rows_of(each)
        for row in rows[:_MOST]:
            nodes = names_in_brief([item.slot.node for one in row.rows for item in one.items])
            lines.append(f"{name} of {row.label}: {nodes}")
        if rest := sum(row.count for row in rows[_MOST:]):
            lines.append(and_more(rest, "value"))
    return lines


def _name(each: ListedPiece) -> str:
    """The subclass that has the piece: `mix`, `mix.a` for one inside it."""
    return each.at.whole.label + _inside(each)


def _about(each: ListedPiece) -> str:
    return (each.at.whole.about or "") + _inside(each)


def _inside(each: ListedPiece) -> str:
    return "".join(f".{piece.attribute}" for piece in each.at.path[:-1])


def _rank(each: ListedPiece) -> int:
    role = each.at.whole.role
    return _ORDER.index(role) if role in _ORDER else len(_ORDER)


def _partners(row: Row, index: MapIndex) -> str:
    whole = row.first.at.whole
    if whole.gradient is not None and not has_gradient_for_each_piece(whole):
        return NOTHING
    return partner_nodes([item for each in row.rows for item in each.items], index)
