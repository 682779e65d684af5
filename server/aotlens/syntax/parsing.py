"""Parses Python source with tree-sitter, in a time that is bounded: some texts would take it hours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import tree_sitter_python
from tree_sitter import Language, Parser, Point, Tree

PYTHON = Language(tree_sitter_python.language())
SECONDS = 0.3
SECONDS_PER_BYTE = 5e-6
"""The processor time that a text gets. Files of torch take 0.2e-6 s for each byte, and short statements after an open
bracket 4e-6 s, in proportion to their number.

30,000 lines of a backslash take tree-sitter 22 s, and 2,000 times `->~` 4 s: both grow with the square of the text.
"""
_PIECE = 256


class _Buffers(threading.local):
    """The buffer of each thread that tree-sitter reads: always the same, as it never lets go what it was given."""

    def __init__(self) -> None:
        self.read = bytearray()


_buffers = _Buffers()


class _Source:
    """A source as tree-sitter asks for it: first to parse it, later for the texts of the nodes.

    Only a source that is asked for can be left in the middle, and lets other threads run meanwhile.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._parsed_by: bytearray | None = _buffers.read
        self._next, self._size = -1, _PIECE

    def __call__(self, offset: int, point: Point) -> bytes | bytearray:
        """The source from an offset: all of it while it is parsed, else pieces that grow."""
        if self._parsed_by is not None:
            self._parsed_by[:] = memoryview(self._source)[offset:]
            return self._parsed_by
        size = self._size * 8 if offset == self._next else _PIECE
        self._next, self._size = offset + size, size
        return self._source[offset : offset + size]

    def end(self) -> None:
        """It is parsed."""
        if self._parsed_by is not None:
            self._parsed_by.clear()
        self._parsed_by = None


def parse_source(source: bytes, before: Tree | None = None) -> Tree | None:
    """The syntax tree of a source as UTF-8; None if it would take too long.

    With the tree of an earlier source, marked with what is different now, only that part is parsed again.
    """
    last = time.thread_time() + SECONDS + SECONDS_PER_BYTE * len(source)
    asked = _Source(source)
    try:
        tree = _parsed(asked, before, lambda offset, has_error: time.thread_time() > last)
    except ValueError:  # it was left in the middle
        return None
    finally:
        asked.end()
    if tree.root_node.has_error:
        return tree
    return Parser(PYTHON).parse(source, tree)  # a moment, as all of it is known; the texts of its nodes come faster


def _parsed(asked: _Source, before: Tree | None, is_over: Callable[[int, bool], bool]) -> Tree:
    parser = Parser(PYTHON)
    if before is None:
        return parser.parse(asked, progress_callback=is_over)
    return parser.parse(asked, before, progress_callback=is_over)


UNREAD = Parser(PYTHON).parse(b"(")
"""The tree of a text that would take too long: nothing but an error."""


def parse(text: str) -> Tree:
    """The syntax tree of a text; `UNREAD` if it would take too long."""
    return parse_source(text.encode("utf-8", "surrogatepass")) or UNREAD
