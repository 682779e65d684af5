"""Between lines and columns in code points and tree-sitter's rows and bytes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from tree_sitter import Node, Point, Tree

from aotlens_tracer.descriptor_map import Span

_LONE_RETURN = re.compile(r"\r(?!\n)")


class SourceText(Protocol):
    """What syntax looks at: a text, its lines without their ends, and the tree of its UTF-8 bytes."""

    @property
    def path(self) -> str:
        """The absolute path of the file."""

    @property
    def text(self) -> str:
        """All of it."""

    @property
    def lines(self) -> Sequence[str]:
        r"""Its lines, which end in \n, \r\n or \r, without these ends."""

    @property
    def tree(self) -> Tree:
        """Its syntax tree."""


class Positions:
    """Positions of one text: 1-based lines and columns in code points on one side, tree-sitter's points on the other."""

    def __init__(self, document: SourceText) -> None:
        self._path = document.path
        self._lines = document.lines
        # To tree-sitter only \n ends a line. Where a \r by itself ends one as well, rows are no lines.
        self._starts = _starts(document) if _LONE_RETURN.search(document.text) else None

    def point(self, line: int, column: int) -> Point:
        """The point of a position."""
        offset = len(_encoded(self._lines[line - 1][: column - 1]))
        if self._starts is None:
            return Point(line - 1, offset)
        line_starts, row_starts = self._starts
        offset += line_starts[line - 1]
        row = bisect_right(row_starts, offset) - 1
        return Point(row, offset - row_starts[row])

    def position(self, point: Point) -> tuple[int, int]:
        """The line and column of a point."""
        row, offset = point.row, point.column
        if self._starts is not None:
            line_starts, row_starts = self._starts
            offset += row_starts[min(row, len(row_starts) - 1)]
            row = bisect_right(line_starts, offset) - 1
            offset -= line_starts[row]
        if row >= len(self._lines):
            return len(self._lines), len(self._lines[-1]) + 1
        line = self._lines[row]
        column = offset if line.isascii() else len(_encoded(line)[:offset].decode("utf-8", "ignore"))
        return row + 1, min(column, len(line)) + 1

    def span(self, first: Node, last: Node | None = None) -> Span:
        """The span of a node, or from one node to the end of another."""
        return self.between(first.start_point, (last or first).end_point)

    def between(self, start: Point, end: Point) -> Span:
        """The span between two points."""
        return Span(self._path, *self.position(start), *self.position(end))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _starts(document: SourceText) -> tuple[list[int], list[int]]:
    """The bytes at which lines start, and those at which rows do."""
    pieces = re.split(r"(\r\n|\r|\n)", document.text)
    lengths = [len(_encoded(piece)) for piece in pieces]
    line_starts = [0, *accumulate(sum(pair) for pair in zip(lengths[::2], lengths[1::2]))]
    row_starts = [0]
    row_starts += [line_starts[i + 1] for i, end in enumerate(pieces[1::2]) if end.endswith("\n")]
    return line_starts, row_starts
