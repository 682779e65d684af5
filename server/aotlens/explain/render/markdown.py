"""Blocks in GitHub-flavoured Markdown."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from aotlens.explain.blocks import (
    NOTHING,
    Block,
    Cell,
    Code,
    Column,
    Facts,
    Line,
    Link,
    Note,
    Paragraph,
    Piece,
    Strong,
    Table,
    Words,
    line,
    sentence,
    strong,
)
from aotlens_tracer.wire.places import Span

Address = Callable[[Span], str]
"""The URI that a link to a span leads to."""

_KEPT = 4096
"""So many texts are kept as they were rendered: hovers repeat the names, types and nodes of a model."""


def markdown(blocks: Sequence[Block], address: Address | None = None, heading: str = "##") -> str:
    """Blocks as Markdown, without an end of line. Places are links if `address` is given; tables have a `heading`."""
    return "\n\n".join(part for block in blocks for part in _block(block, address, heading))


def inline(line: Line, address: Address | None = None) -> str:
    """A line as Markdown."""
    found = []
    for piece in line:
        if isinstance(piece, Code):
            found.append(code(piece.text))
        elif isinstance(piece, Strong):
            found.append(f"**{inline(piece.line, address)}**")
        elif isinstance(piece, Link):
            text = inline(piece.line, address)
            found.append(text if address is None else f"[{text}]({address(piece.to)})")
        else:
            found.append(_escaped(piece.text))
    return "".join(found)


@functools.lru_cache(_KEPT)
def code(text: str) -> str:
    """`text` as a code span, whatever backticks it holds; empty if there is no text."""
    if not text:
        return ""
    text = " ".join(text.splitlines())
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def prose(text: str) -> str:
    """A sentence on one line; nothing in it is markup for Markdown or HTML, except the code between backticks."""
    return inline(sentence(text))


def fence(text: str) -> str:
    """`text` as a block of code, whatever backticks it holds."""
    ticks = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{ticks}text\n{text.rstrip()}\n{ticks}"


def _block(block: Block, address: Address | None, heading: str) -> Iterator[str]:
    if isinstance(block, Facts):
        yield " · ".join(inline(fact, address) for fact in block.facts)
    elif isinstance(block, Note):
        yield f"*{inline(block.line, address)}*"
    elif isinstance(block, Paragraph):
        yield inline(block.line, address)
    else:
        yield from _table(block, address, heading)


def _table(table: Table, address: Address | None, heading: str) -> Iterator[str]:
    if table.title:
        yield f"{heading} {table.title}"
    if table.summary:
        yield table.summary
    if table.rows:
        aligned = ["---:" if column.kind == "number" else "---" for column in table.columns]
        titles = _row(column.title for column in table.columns)
        rows = (
            _row(_cell(cell, column, address) for cell, column in zip(row, table.columns, strict=True))
            for row in table.rows
        )
        yield "\n".join([titles, f"|{'|'.join(aligned)}|", *rows])
    for note in table.notes:
        yield prose(note)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell, column: Column, address: Address | None) -> str:
    if cell.text in ("", NOTHING):
        return cell.text
    # Pasted into an issue, a bare #12 would become a link to another issue.
    is_code = column.is_code or cell.text.startswith("#")
    content = line(Code(cell.text)) if is_code and cell.tone != "warn" else sentence(cell.text)
    if cell.tone == "warn":
        content = line(strong(content))
    if cell.to is not None:
        content = line(Link(content, cell.to))
    return inline(_with_bars(content), address)


def _with_bars(content: Line) -> Line:
    """A line for a cell: a bar ends the cell unless it is escaped, even in a code span."""
    found: list[Piece] = []
    for piece in content:
        if isinstance(piece, Code):
            found.append(Code(piece.text.replace("|", "\\|")))
        elif isinstance(piece, Words):
            found.append(piece)
        else:
            found.append(replace(piece, line=_with_bars(piece.line)))
    return tuple(found)


@functools.lru_cache(_KEPT)
def _escaped(text: str) -> str:
    text = re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text.replace("&", "&amp;"))
    return re.sub(r"^#", r"\\#", text)
