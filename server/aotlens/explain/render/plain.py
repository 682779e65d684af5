"""Blocks as plain text, for clients that show no Markdown: nothing is marked, and columns are aligned by spaces."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Line, Piece, Table, Words, sentence
from aotlens.explain.visible import visible, visible_line

_GAP = "  "


def plain(blocks: Sequence[Block]) -> str:
    """Blocks as plain text, without an end of line."""
    return "\n\n".join(_block(block) for block in blocks)


def inline(line: Line) -> str:
    """A line as plain text."""
    return "".join(_piece(piece) for piece in line)


def _piece(piece: Piece) -> str:
    if isinstance(piece, Words):
        return visible(piece.text)
    return visible_line(piece.text) if isinstance(piece, Code) else inline(piece.line)


def _block(block: Block) -> str:
    if isinstance(block, Facts):
        return " · ".join(inline(fact) for fact in block.facts)
    if isinstance(block, Table):
        return _table(block)
    return inline(block.line)


def _table(table: Table) -> str:
    head = _GAP.join(visible_line(part) for part in (table.title, table.summary) if part)
    cells = [[column.title for column in table.columns]]
    cells += [[_cell(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    widths = [max(map(len, texts)) for texts in zip(*cells, strict=True)]
    rows = [
        _GAP.join(
            text.rjust(width) if column.kind == "number" else text.ljust(width)
            for text, column, width in zip(row, table.columns, widths, strict=True)
        ).rstrip()
        for row in cells
    ]
    notes = [inline(sentence(note)) for note in table.notes]
    return "\n\n".join(part for part in (head, "\n".join(rows if table.rows else ()), *notes) if part)


def _cell(cell: Cell, column: Column) -> str:
    return visible_line(cell.text) if column.is_code else inline(sentence(cell.text))
