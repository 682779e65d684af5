"""Finds Python code within other text: fenced blocks of Markdown, directives of reStructuredText, doctests.

A block has as many lines as its file; lines without code are empty. So a line has the same number in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .source import split_lines

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<fence>```+|~~~+)\s*\{?(?P<language>[\w+-]*)")
_DIRECTIVE = re.compile(r"^(?P<indent>\s*)(?!\s)(?:\.\. (?:code-block|code|sourcecode)::\s*(?P<language>\w*)|.*::)$")
"""It is for lines without spaces at their ends. One may begin with half a million: none is looked at twice."""
_PROMPT = re.compile(r"^\s*(?:>>>|\.\.\.)(?: |$)")
_LANGUAGES = ("", "python", "python3", "py", "pycon", "code-cell")


@dataclass(frozen=True)
class Block:
    """Code at its lines. `offsets` are the numbers of characters that were cut off before it, by 0-based row."""

    lines: tuple[str, ...]
    offsets: Mapping[int, int]

    @property
    def text(self) -> str:
        """The code, with one line for each line of the file."""
        return "\n".join(self.lines)


def whole_block(text: str) -> Block:
    """A whole file of code as a block."""
    return Block(tuple(split_lines(text)), {})


def code_blocks(text: str) -> list[Block]:
    """All code of a document as one block, because later examples use the imports of earlier ones."""
    lines = split_lines(text)
    rows = dict(_code(lines, range(len(lines))))
    return [_block(lines, rows)] if rows else []


def docstring_blocks(lines: Sequence[str], first: int, last: int) -> list[Block]:
    """The code in a docstring between two rows (from 0, both inclusive)."""
    rows = dict(_code(lines, range(first, last + 1)))
    return [_block(lines, rows)] if rows else []


def _block(lines: Sequence[str], rows: Mapping[int, int]) -> Block:
    code = tuple(line[rows[row] :] if row in rows else "" for row, line in enumerate(lines))
    return Block(code, rows)


def _code(lines: Sequence[str], rows: range) -> Iterator[tuple[int, int]]:
    """The rows that hold code, each with the number of characters before the code."""
    row = rows.start
    while row < rows.stop:
        line = lines[row]
        fence, directive = _FENCE.match(line), _DIRECTIVE.match(line.rstrip())
        if fence is not None:
            end = next((r for r in range(row + 1, rows.stop) if lines[r].strip().startswith(fence["fence"])), rows.stop)
            if fence["language"].lower() in _LANGUAGES:
                yield from _dedented(lines, range(row + 1, end))
            row = end + 1
        elif _PROMPT.match(line) is not None:
            end = next((r for r in range(row, rows.stop) if not lines[r].strip()), rows.stop)
            yield from _dedented(lines, range(row, end))
            row = end
        elif directive is not None and (directive["language"] or "").lower() in _LANGUAGES:
            indent = len(directive["indent"])
            ends = (r for r in range(row + 1, rows.stop) if lines[r].strip() and _indent(lines[r]) <= indent)
            end = next(ends, rows.stop)
            yield from _dedented(lines, range(row + 1, end))
            row = max(end, row + 1)
        else:
            row += 1


def _dedented(lines: Sequence[str], rows: range) -> Iterator[tuple[int, int]]:
    """The rows of one block; a doctest without its prompts and its output."""
    prompts = [row for row in rows if _PROMPT.match(lines[row])]
    for row in prompts:
        yield row, min(_indent(lines[row]) + 4, len(lines[row]))
    if not prompts:
        indent = min((_indent(lines[row]) for row in rows if lines[row].strip()), default=0)
        yield from ((row, indent) for row in rows if lines[row].strip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
