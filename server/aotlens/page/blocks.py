"""Blocks of text (`explain/blocks.py`) as data that the page's script draws.

A piece is a string, or a list of a mark and what it marks: `["code", text]`, `["strong", pieces]`,
`["link", pieces, place]`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Line, Note, Piece, Strong, Table, Words, sentence
from aotlens.explain.visible import visible_line

from .places import Places

Data = Any
"""A value of JSON."""


def line_data(line: Line, places: Places) -> list[Data]:
    """A line as pieces."""
    return [_piece(piece, places) for piece in line]


def sentence_data(text: str) -> list[Data]:
    """A sentence of ours, which marks code with backticks, as pieces."""
    return [["code", visible_line(piece.text)] if isinstance(piece, Code) else _text(piece) for piece in sentence(text)]


def blocks_data(blocks: Iterable[Block], places: Places) -> list[Data]:
    """Blocks, each with its kind."""
    return [_block(block, places) for block in blocks]


def table_data(table: Table, places: Places) -> Data:
    """A table."""
    return {
        "kind": "table",
        "title": table.title,
        "summary": sentence_data(table.summary),
        "columns": [[column.title, column.kind] for column in table.columns],
        "rows": [
            [_cell(cell, column, places) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows
        ],
        "notes": [sentence_data(note) for note in table.notes],
    }


def _block(block: Block, places: Places) -> Data:
    if isinstance(block, Table):
        return table_data(block, places)
    if isinstance(block, Facts):
        return {"kind": "facts", "facts": [line_data(fact, places) for fact in block.facts if fact]}
    kind = "note" if isinstance(block, Note) else "paragraph"
    return {"kind": kind, "line": line_data(block.line, places)}


def _cell(cell: Cell, column: Column, places: Places) -> Data:
    """A cell: code is a string, a sentence a list of pieces; with its tone and place, if it has one, an object."""
    text = visible_line(cell.text) if column.is_code else sentence_data(cell.text)
    to = places.number(cell.to)
    if not cell.tone and to is None:
        return text
    return {"text": text, "tone": cell.tone, "place": to}


def _piece(piece: Piece, places: Places) -> Data:
    if isinstance(piece, Code):
        return ["code", visible_line(piece.text)]
    if isinstance(piece, Words):
        return visible_line(piece.text)
    if isinstance(piece, Strong):
        return ["strong", line_data(piece.line, places)]
    return ["link", line_data(piece.line, places), places.number(piece.to)]


def _text(piece: Piece) -> str:
    assert isinstance(piece, Words)  # a sentence has words and code
    return visible_line(piece.text)
