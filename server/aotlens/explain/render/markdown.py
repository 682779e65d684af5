"""Blocks in GitHub-flavoured Markdown."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

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
from aotlens.explain.visible import visible, visible_line
from aotlens_tracer.wire.places import Span

Address = Callable[[Span], str]
"""The URI that a link to a span leads to."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_MARKUP = re.compile(r"([\\`*_\[\]<>|~])")
_TORCH = r"meta-pytorch\.github\.io/|(?:docs\.)?pytorch\.org/"
_LINKS = re.compile(rf"(?<=[a-z])(:)(?=//)(?!//(?:{_TORCH}))|(?<=www)(\.)|(?<=[\w.+-])(@)(?=[\w-]+\.)", re.IGNORECASE)
"""The characters by which GitHub and editors know the addresses that they make links of. Torch's pages stay links."""
_KEPT = 4096
"""So many texts are kept as they were rendered: hovers repeat the names, types and nodes of a model."""


def markdown(blocks: Sequence[Block], address: Address | None = None, heading: str = "##") -> str:
    """Blocks as Markdown, without an end of line. Places are links if `address` is given; tables have a `heading`."""
    return "\n\n".join(part for block in blocks for part in _block(block, address, heading))


def inline(line: Line, address: Address | None = None) -> str:
    """A line as Markdown."""
    found = []
    for piece in _joined(line, address is not None):
        if isinstance(piece, Code):
            found.append(code(piece.text))
        elif isinstance(piece, Strong):
            found.append(f"**{inline(piece.line, address)}**")
        elif isinstance(piece, Link):
            assert address is not None  # or the link is its text
            found.append(f"[{inline(piece.line, address)}]({_address(address(piece.to))})")
        else:
            found.append(_escaped(piece.text))
    return "".join(found)


def _joined(line: Line, has_links: bool) -> Line:
    """A line with neighbouring pieces of code in one: the backticks between two spans would be taken for one mark."""
    joined: list[Piece] = []
    for piece in line:
        pieces = _joined(piece.line, has_links) if isinstance(piece, Link) and not has_links else (piece,)
        for each in pieces:
            before = joined[-1] if joined else None
            if isinstance(each, Code) and isinstance(before, Code):
                joined[-1] = Code(before.text + each.text)
            elif not isinstance(each, Code) or each.text:
                joined.append(each)
    return tuple(joined)


@functools.lru_cache(_KEPT)
def code(text: str) -> str:
    """`text` as a code span, whatever backticks it holds; empty if there is no text."""
    if not text:
        return ""
    text = visible_line(" ".join(_LINE_END.split(text.strip("\r\n"))))
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def prose(text: str) -> str:
    """A sentence on one line; nothing in it is markup for Markdown or HTML, except the code between backticks."""
    return inline(sentence(text))


def fence(text: str) -> str:
    """`text` as a block of code, whatever backticks it holds."""
    text = visible(text)
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
        yield f"{heading} {visible_line(table.title)}"
    if table.summary:
        yield visible_line(table.summary)
    if table.rows:
        aligned = ["---:" if column.kind == "number" else "---" for column in table.columns]
        titles = _row(visible_line(column.title) for column in table.columns)
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
        if isinstance(piece, Code) and "\\|" in piece.text:
            found.append(Words(piece.text))  # no code span holds this: two backslashes do not escape a bar
        elif isinstance(piece, Code):
            found.append(Code(piece.text.replace("|", "\\|")))
        elif isinstance(piece, Words):
            found.append(piece)
        else:
            found.append(replace(piece, line=_with_bars(piece.line)))
    return tuple(found)


@functools.lru_cache(_KEPT)
def _escaped(text: str) -> str:
    text = _MARKUP.sub(r"\\\1", visible_line(" ".join(text.split("\n"))).replace("&", "&amp;"))
    return re.sub(r"^#", r"\\#", _LINKS.sub(lambda match: f"\\{match[0]}", text))


def _address(uri: str) -> str:
    """A URI between parentheses, which its own would end."""
    return re.sub(r"[()<>\s\\]", lambda match: quote(match[0]), uri)
