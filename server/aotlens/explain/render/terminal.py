"""Blocks in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aotlens.explain.blocks import Block, Cell, Code, Column, Facts, Line, Note, Strong, Table, Words, joined
from aotlens.explain.visible import visible_line

from .layout import GAP, lay_out, wrapped
from .paper import Paper

_TONES = {"": "", "dim": "dim", "warn": "yellow"}


def show(blocks: Iterable[Block], paper: Paper) -> None:
    """Print blocks, with an empty line before each."""
    for block in blocks:
        paper.line()
        if isinstance(block, Table):
            _table(block, paper)
        elif isinstance(block, Facts):
            write(joined(block.facts, " · "), paper, hang=2)
        else:
            write(block.line, paper, style="dim" if isinstance(block, Note) else "")


def write(content: Line, paper: Paper, *, indent: int = 0, hang: int = 0, style: str = "") -> None:
    """Print a line, wrapped at words and indented by `indent`; what follows its first row, by `hang` more."""
    paper.block(*_styled(content, style), indent=indent, hang=hang)


def _styled(content: Line, style: str) -> Iterator[tuple[str, str]]:
    """The pieces of a line as text, each with its style; code keeps its backticks, which no color can replace."""
    for piece in content:
        if isinstance(piece, Words):
            yield piece.text, style
        elif isinstance(piece, Code):
            yield f"`{visible_line(piece.text)}`", style or "cyan"
        else:
            yield from _styled(piece.line, "bold" if isinstance(piece, Strong) else style)


def _table(table: Table, paper: Paper) -> None:
    if table.title:
        paper.line((table.title, "bold"), (f"  {table.summary}" if table.summary else "", ""))
    if table.rows:
        notes = [index for index, column in enumerate(table.columns) if column.kind == "note"]
        layout = lay_out(table, paper.width)
        paper.left_out += [f"{title} ({table.title.lower()})" for title in layout.left_out]
        widths = layout.widths
        paper.row([([column.title], "dim", _is_right(column)) for column in layout.columns], widths)
        paper.line(("─" * (sum(widths) + GAP * (len(widths) - 1)), "dim"))
        for row, whole in zip(layout.rows, table.rows, strict=True):
            paper.row(
                [
                    (wrapped(cell.text, width, column.kind), _style(cell, column), _is_right(column))
                    for cell, column, width in zip(row, layout.columns, widths, strict=True)
                ],
                widths,
            )
            for index in notes:
                if whole[index].text:
                    paper.block((whole[index].text, "dim"), indent=widths[0] + GAP, hang=2)
    for note in table.notes:
        paper.block((note, "dim"), hang=2)


def _style(cell: Cell, column: Column) -> str:
    if cell.tone:
        return _TONES.get(cell.tone, "")
    return {"place": "dim", "node": "cyan"}.get(column.kind, "")


def _is_right(column: Column) -> bool:
    return column.kind == "number"
