"""Keeps a hover short: its first line answers the question, and it has at most eight lines.

A line is one as it is drawn: a text that is wider than a hover has several, a table one for its titles and one for
each row. Blank lines between blocks, rules, and the links below a hover do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .blocks import Block, Line, Link, Note, Paragraph, Strong, Table, line

MOST = 8
"""The most lines of a hover."""
WIDTH = 100
"""So many characters are about as wide as a hover of VS Code beside code."""
_FEWEST = 2
"""The fewest rows that a table is cut to."""


def calm(blocks: Sequence[Block], *, has_map: bool = True) -> tuple[tuple[Block, ...], bool]:
    """The first of the blocks that have room, and whether something had none; a remark says so.

    The map has what had no room, if there is one (`has_map`); the view beside the code has it in both cases.

    Remarks about the answer itself stay. The first block stays whole. If a table is too long, its last rows go.
    """
    if sum(map(lines_of, blocks)) <= MOST:
        return tuple(blocks), False
    blocks = (*blocks, Note(line("… more in the map" if has_map else "… more in the view")))
    room = MOST - sum(lines_of(block) for block in blocks if isinstance(block, Note))
    kept: list[Block] = []
    for block in blocks:
        if isinstance(block, Note):
            kept.append(block)
            continue
        if kept and lines_of(block) > room and isinstance(block, Table):
            rest = len(block.rows) - max(_FEWEST, len(block.rows) - (lines_of(block) - room) - 1)
            shorter = replace(block, rows=block.rows[: len(block.rows) - rest], notes=())
            more = Paragraph(line(f"… and {rest} more rows"))
            if rest > 0 and lines_of(shorter) + 1 <= room:
                kept += [shorter, more]
                room -= lines_of(shorter) + 1
            continue
        if not kept or lines_of(block) <= room:
            kept.append(block)
            room -= lines_of(block)
    return tuple(kept), True


def lines_of(block: Block) -> int:
    """The lines of a block as it is drawn."""
    if isinstance(block, Table):
        return bool(block.title) + bool(block.summary) + 1 + len(block.rows) + len(block.notes)
    if isinstance(block, (Note, Paragraph)):
        return _lines(_width(block.line))
    return _lines(sum(map(_width, block.facts)) + 3 * (len(block.facts) - 1))


def _lines(width: int) -> int:
    return max(1, -(-width // WIDTH))


def _width(line: Line) -> int:
    return sum(_width(piece.line) if isinstance(piece, (Strong, Link)) else len(piece.text) for piece in line)
