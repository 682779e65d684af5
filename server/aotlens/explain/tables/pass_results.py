"""The tables of what code of a graph pass gets: the result of a function of `fx_utils`, or descriptors."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import NOTHING, Block, Cell, Column, Paragraph, Table, line
from aotlens.explain.brief import names_in_brief
from aotlens.explain.phrases import and_more
from aotlens.explain.words import role
from aotlens.model.folding import Folded, fold
from aotlens.model.fx_utils import Found, FxFunction
from aotlens.model.pass_values import Held

_NONE = "None"
"""The value that torch returns in the place of a gradient or tangent that does not exist."""


def result_table(function: FxFunction, found: Sequence[Found], most: int) -> tuple[Block, ...]:
    """The items of a result, repeated layers in one row; at most `most` rows."""
    rows = fold(
        found,
        key=lambda each: (each.descriptor.kind, each.partner is None),
        label=lambda each: each.slot.label,
    )
    columns = [Column("key", "type") if function.keys is not None else Column("name", "name")]
    has_names = function.keys == "descriptors" and any(_is_unnamed(row) for row in rows[:most])
    if has_names:
        columns.append(Column("name", "name"))
    columns.append(Column("output" if function.partner == "tangent" else "input", "node"))
    if function.partner is not None:
        columns.append(Column(function.partner, "node"))
    cells = tuple(_cells(function, row, has_names) for row in rows[:most])
    return _table(columns, cells, sum(row.count for row in rows[most:]), "item")


def descriptor_table(held: Sequence[Held], most: int) -> tuple[Block, ...]:
    """Descriptors with their slots, repeated layers in one row; at most `most` rows."""
    known = [each for each in held if each.descriptor is not None]
    rows = fold(
        known,
        key=lambda each: each.descriptor.kind if each.descriptor is not None else "",
        label=lambda each: each.slot.label,
    )
    columns = [Column("descriptor", "type"), Column("name", "name"), Column("node", "node")]
    has_names = any(_is_unnamed(row) for row in rows[:most])
    cells = []
    for row in rows[:most]:
        name = [Cell(row.label)] if has_names else []
        cells.append((Cell(_key(row)), *name, Cell(_nodes([each.slot.node for each in row.rows]))))
    shown = columns if has_names else [columns[0], columns[2]]
    return _table(shown, tuple(cells), sum(row.count for row in rows[most:]), "descriptor")


def _key(row: Folded[Found] | Folded[Held]) -> str:
    """The descriptor of a row, with what differs in braces if it has the name; else its class, if there are several."""
    first = row.first
    assert first.descriptor is not None
    if not _is_unnamed(row):
        return first.descriptor.descriptor.replace(repr(first.slot.label), repr(row.label))
    return first.descriptor.kind if row.count > 1 else first.descriptor.descriptor


def _is_unnamed(row: Folded[Found] | Folded[Held]) -> bool:
    """Whether the descriptors of a row do not have the names of their slots."""
    first = row.first
    return first.descriptor is None or repr(first.slot.label) not in first.descriptor.descriptor


def _cells(function: FxFunction, row: Folded[Found], has_names: bool) -> tuple[Cell, ...]:
    first = row.first
    name = row.label or role(first.descriptor.kind)
    cells = [Cell(_key(row) if function.keys == "descriptors" else repr(name) if function.keys is not None else name)]
    if has_names:
        cells.append(Cell(name))
    cells.append(Cell(_nodes([each.slot.node for each in row.rows])))
    if function.partner is not None:
        nodes = [each.partner.node if each.partner is not None else None for each in row.rows]
        cells.append(Cell(_nodes(nodes)))
    return tuple(cells)


def _nodes(nodes: Sequence[str | None]) -> str:
    brief = names_in_brief(nodes)
    return _NONE if brief == NOTHING else brief


def _table(columns: Sequence[Column], cells: tuple[tuple[Cell, ...], ...], rest: int, noun: str) -> tuple[Block, ...]:
    table = Table("", "", tuple(columns), cells)
    return (table, Paragraph(line(and_more(rest, noun)))) if rest else (table,)
