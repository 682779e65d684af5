"""A text for a person as data: blocks of lines, and lines of pieces. The renderers in `render/` draw them.

A sentence of ours that comes as one string marks code with backticks; `sentence` makes pieces of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aotlens_tracer.wire.places import Span

NOTHING = "—"
"""Stands in a table for a value that does not exist or is unknown."""
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Words:
    """Text without markup: it is shown to the letter."""

    text: str


@dataclass(frozen=True)
class Code:
    """Text in a monospaced font: a name, a type, an expression."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Pieces in bold: the kind of thing that a hover describes, or a fact that deserves a look."""

    line: Line


@dataclass(frozen=True)
class Link:
    """Pieces that lead to a place in the source, where the client follows links."""

    line: Line
    to: Span


Piece: TypeAlias = Words | Code | Strong | Link
Line: TypeAlias = tuple["Piece", ...]


@dataclass(frozen=True)
class Facts:
    """Several short facts on one line. The first one of a hover names the thing."""

    facts: tuple[Line, ...]


@dataclass(frozen=True)
class Paragraph:
    """One sentence, or a few."""

    line: Line


@dataclass(frozen=True)
class Note:
    """A remark about the answer itself, set apart from the facts: it is stale, or there is none and why."""

    line: Line


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    `tone` is empty, "dim" for what matters less, or "warn" for what deserves a look. `brief` says the same in less
    room; it is empty if there is no shorter form. `to` is the place that the cell names, if any.
    """

    text: str
    tone: str = ""
    brief: str = ""
    to: Span | None = None


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `kind` is node, name, type or place (the cells are code), or index, number, prose or note (the cells are
    sentences, see `sentence`). If there is little room, the column with the highest `rank` goes first; a column with
    rank 0 always stays. `brief` is a shorter title.
    """

    title: str
    kind: str
    rank: int = 0
    brief: str = ""

    @property
    def is_code(self) -> bool:
        """Whether the cells are code, shown to the letter."""
        return self.kind in ("node", "name", "type", "place")


@dataclass(frozen=True)
class Table:
    """A table. `title` and `summary` stand above it and may be empty; `notes` are sentences below the rows."""

    title: str
    summary: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


Block: TypeAlias = Facts | Paragraph | Note | Table
Blocks: TypeAlias = tuple[Block, ...]


def line(*parts: str | Piece | Line) -> Line:
    """One line of several parts; a string is shown to the letter."""
    found: list[Piece] = []
    for part in parts:
        if isinstance(part, tuple):
            found += part
        elif isinstance(part, str):
            if part:
                found.append(Words(part))
        else:
            found.append(part)
    return tuple(found)


def strong(*parts: str | Piece | Line) -> Strong:
    """The parts in bold."""
    return Strong(line(*parts))


def sentence(text: str) -> Line:
    """A sentence that marks code with backticks, on one line."""
    parts = _CODE.split(" ".join(text.split()))
    # Every second part is code.
    return line(*(Code(part) if index % 2 else part for index, part in enumerate(parts)))


def marked(text: Line) -> str:
    """A line as one string that marks code with backticks, as the cells of a table are: the inverse of `sentence`."""
    return "".join(_marked(piece) for piece in text)


def _marked(piece: Piece) -> str:
    if isinstance(piece, Code):
        return f"`{piece.text}`"
    return piece.text if isinstance(piece, Words) else marked(piece.line)


def joined(lines: Iterable[Line], separator: str = ", ") -> Line:
    """Several lines as one, with a separator between them."""
    found: list[Piece] = []
    for number, one in enumerate(lines):
        found += line(separator if number else "", one)
    return tuple(found)


def codes(texts: Iterable[str]) -> Line:
    """Several names as code, with commas between them."""
    return joined(line(Code(text)) for text in texts)


def some(lines: Sequence[Line]) -> Line:
    """The first three of several lines, and the number of the others."""
    rest = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
    return line(joined(lines[:3]), rest)


def without_empty(table: Table) -> Table:
    """The table without the columns in which every cell is empty; columns of names stay."""
    keep = [
        index
        for index, column in enumerate(table.columns)
        if column.kind == "name" or any(row[index].text not in ("", NOTHING) for row in table.rows)
    ]
    return Table(
        table.title,
        table.summary,
        tuple(table.columns[index] for index in keep),
        tuple(tuple(row[index] for index in keep) for row in table.rows),
        table.notes,
    )
