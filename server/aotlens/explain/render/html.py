"""Blocks in HTML. Everything is escaped; colours are those of the page that it stands in, light or dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

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
    Strong,
    Table,
    line,
    sentence,
    strong,
)
from aotlens.explain.visible import visible, visible_line

STYLE = """
.aotlens{font-size:13px;line-height:1.45;overflow-x:auto;color:inherit}
.aotlens.aotlens h3{font-size:15px;margin:4px 0}.aotlens.aotlens h4{font-size:13px;margin:12px 0 2px}
.aotlens.aotlens p{margin:2px 0}.aotlens.aotlens ul{margin:2px 0;padding-left:20px}
.aotlens.aotlens code,.aotlens.aotlens pre{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px}
.aotlens.aotlens code,.aotlens.aotlens pre{background:none;color:inherit;padding:0}
.aotlens.aotlens pre{margin:4px 0;white-space:pre-wrap}
.aotlens.aotlens h3 code{font-size:15px}
.aotlens.aotlens table{border-collapse:collapse;margin:4px 0;font-size:inherit;color:inherit}
.aotlens.aotlens th,.aotlens.aotlens td{text-align:left;padding:1px 14px 1px 0;border:0;vertical-align:top}
.aotlens.aotlens th,.aotlens.aotlens td,.aotlens.aotlens tr{color:inherit;background:none}
.aotlens.aotlens td code,.aotlens.aotlens .number{white-space:nowrap}
.aotlens.aotlens th{font-weight:600;border-bottom:1px solid rgba(128,128,128,.5)}
.aotlens.aotlens .number{text-align:right;font-variant-numeric:tabular-nums}
.aotlens.aotlens .dim{opacity:.7;font-weight:400}
.aotlens.aotlens .warn,.aotlens.aotlens .warning{color:#b8690a;font-weight:600}
.aotlens.aotlens .error,.aotlens.aotlens .failed{color:#d64545;font-weight:600}
.aotlens.aotlens .traced{color:#2e8b57;font-weight:600}
.aotlens.aotlens .information,.aotlens.aotlens .hint{color:#1b87a5;font-weight:600}
"""
"""The colours have a contrast of 4 and more on white and on the dark backgrounds of editors.

The class stands twice, because JupyterLab's own rules for tables name two classes, and would go first.
"""


def html(blocks: Sequence[Block], heading: str = "h4") -> str:
    """Blocks as HTML."""
    return "".join(part for block in blocks for part in _block(block, heading))


def inline(content: Line) -> str:
    """A line as HTML. A link is its text."""
    found = []
    for piece in content:
        if isinstance(piece, Code):
            found.append(code(piece.text))
        elif isinstance(piece, Strong):
            found.append(f"<strong>{inline(piece.line)}</strong>")
        elif isinstance(piece, Link):
            found.append(inline(piece.line))
        else:
            found.append(escaped(piece.text))
    return "".join(found)


def escaped(text: str) -> str:
    """A text on one line, shown to the letter."""
    return escape(visible_line(text))


def code(text: str) -> str:
    """A text as code."""
    return f"<code>{escaped(text)}</code>" if text else ""


def prose(text: str) -> str:
    """A sentence that marks code with backticks."""
    return inline(sentence(text))


def preformatted(text: str) -> str:
    """A text of several lines, shown to the letter."""
    return f"<pre>{escape(visible(text.rstrip()))}</pre>"


def _block(block: Block, heading: str) -> Iterator[str]:
    if isinstance(block, Facts):
        yield f"<p>{' · '.join(inline(fact) for fact in block.facts)}</p>"
    elif isinstance(block, Note):
        yield f'<p class="dim">{inline(block.line)}</p>'
    elif isinstance(block, Paragraph):
        yield f"<p>{inline(block.line)}</p>"
    else:
        yield from _table(block, heading)


def _table(table: Table, heading: str) -> Iterator[str]:
    summary = f' <span class="dim">{escaped(table.summary)}</span>' if table.summary else ""
    if table.title or summary:
        yield f"<{heading}>{escaped(table.title)}{summary}</{heading}>"
    if table.rows:
        yield "<table><thead><tr>"
        yield from (f"<th{_number(column)}>{escaped(column.title)}</th>" for column in table.columns)
        yield "</tr></thead><tbody>"
        for row in table.rows:
            cells = (_cell(cell, column) for cell, column in zip(row, table.columns, strict=True))
            yield f"<tr>{''.join(cells)}</tr>"
        yield "</tbody></table>"
    yield from (f"<p>{prose(note)}</p>" for note in table.notes)


def _number(column: Column) -> str:
    return ' class="number"' if column.kind == "number" else ""


def _cell(cell: Cell, column: Column) -> str:
    if cell.text in ("", NOTHING):
        return f"<td{_number(column)}>{escaped(cell.text)}</td>"
    is_code = column.is_code and cell.tone != "warn"
    content = line(Code(cell.text)) if is_code else sentence(cell.text)
    if cell.tone == "warn":
        content = line(strong(content))
    names = " ".join(name for name in (cell.tone, "number" if column.kind == "number" else "") if name)
    return f'<td class="{names}">{inline(content)}</td>' if names else f"<td>{inline(content)}</td>"
