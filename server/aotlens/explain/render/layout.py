"""The layout of a table in a given width.

Names are never cut: a column that does not fit is wrapped at its dots and commas, and if that is not enough, less
important columns are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from aotlens.explain.blocks import Cell, Column, Table

GAP = 2
"""Characters between two columns."""
_LEAST = {"name": 28, "type": 15, "prose": 14}
"""The least width of a column before another one is left out, by kind; other kinds keep their natural width."""
# A folded range (`{0..4,6..31}`) is one component, a path breaks after its dots, a type after its commas.
_COMPONENTS = re.compile(r"(?:\{[^{}]*\}|[^.,\s\[(])*(?:[.,\s(]+|\[|$)")
_WORDS = re.compile(r"\S+\s*")
_LONGEST_PLACE = 28
"""A longer place is shown by the end of its path."""


@dataclass(frozen=True)
class Layout:
    """The columns that fit, the cells of each row in them, the width of each column, and the titles left out."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...]
    left_out: tuple[str, ...]


def lay_out(table: Table, width: int) -> Layout:
    """The layout of a table, without its columns of notes, which stand below the rows.

    Cells that do not fit are abbreviated first, if they have a brief form; then columns wrap; then they are left out.
    """
    columns = [column for column in table.columns if column.kind != "note"]
    rows = [
        [
            replace(cell, text=end_of_path(cell.text)) if column.kind == "place" else cell
            for cell, column in zip(row, table.columns, strict=True)
            if column.kind != "note"
        ]
        for row in table.rows
    ]
    _abbreviate(columns, rows, width)
    left_out: list[str] = []
    while True:
        natural, room = _natural(columns, rows), _room(width, columns)
        least = [min(size, _LEAST.get(column.kind, size)) for size, column in zip(natural, columns, strict=True)]
        droppable = [index for index, column in enumerate(columns) if column.rank]
        if sum(least) <= room or not droppable:
            widths = _share(natural, least, room)
            return Layout(tuple(columns), tuple(map(tuple, rows)), tuple(widths), tuple(left_out))
        out = max(droppable, key=lambda index: columns[index].rank)
        left_out.append(columns.pop(out).title)
        for row in rows:
            del row[out]


def wrapped(text: str, width: int, kind: str) -> list[str]:
    """`text` in lines of at most `width`: names break after dots, commas and before brackets, prose at words."""
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for part in (_WORDS if kind == "prose" else _COMPONENTS).findall(text):
        if lines[-1] and cell_len((lines[-1] + part).rstrip()) > width:
            lines.append("")
        while cell_len(part.rstrip()) > width:
            cut = _prefix(part, width)
            lines[-1], part = part[:cut], part[cut:]
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines if line.strip()]


def end_of_path(where: str) -> str:
    """The end of a long path: `…/llama/modeling_llama.py:123`. The file's name and the line always stay."""
    if len(where) <= _LONGEST_PLACE:
        return where
    parts = re.split(r"(?<=[/\\])", where)
    kept = parts.pop()
    while parts and len(parts[-1]) + len(kept) + 2 <= _LONGEST_PLACE:
        kept = parts.pop() + kept
    return f"…/{kept}" if parts else kept


def _abbreviate(columns: list[Column], rows: list[list[Cell]], width: int) -> None:
    """Use the brief forms of columns, beginning with the column that they narrow most, until all columns fit."""
    brief_columns = [replace(column, title=column.brief or column.title) for column in columns]
    brief_rows = [[replace(cell, text=cell.brief or cell.text) for cell in row] for row in rows]
    savings = [
        whole - brief for whole, brief in zip(_natural(columns, rows), _natural(brief_columns, brief_rows), strict=True)
    ]
    for index in sorted(range(len(columns)), key=lambda index: -savings[index]):
        if sum(_natural(columns, rows)) > _room(width, columns) and savings[index]:
            columns[index] = brief_columns[index]
            for row, brief_row in zip(rows, brief_rows, strict=True):
                row[index] = brief_row[index]


def _natural(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """The width of the longest cell of each column."""
    return [
        max([cell_len(column.title), *(cell_len(row[index].text) for row in rows)])
        for index, column in enumerate(columns)
    ]


def _room(width: int, columns: Sequence[Column]) -> int:
    """The characters for columns, without the gaps between them."""
    return width - GAP * (len(columns) - 1)


def _share(natural: list[int], least: list[int], room: int) -> list[int]:
    """Widths between least and natural that fill `room`; the widest columns become narrower first."""
    widths = list(natural)
    while sum(widths) > room:
        giving = [index for index in range(len(widths)) if widths[index] > least[index]]
        if not giving:
            break
        widths[max(giving, key=lambda index: widths[index])] -= 1
    # If not even the least widths fit, the widest column becomes narrower still.
    while sum(widths) > room and max(widths) > 6:
        widths[widths.index(max(widths))] -= 1
    return widths


def _prefix(text: str, width: int) -> int:
    """The number of characters of `text` that fit into `width` columns, at least one."""
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return max(index, 1)
    return len(text)
