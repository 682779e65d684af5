"""Syntax trees of texts, parsed incrementally from the tree of an earlier text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Point, Tree

from aotlens.syntax.parsing import UNREAD, parse_source

from .edits import common_ends

_LONE_RETURN = re.compile(rb"\r(?!\n)")


@dataclass(frozen=True)
class ParsedText:
    """A text as UTF-8, and its syntax tree. The tree's rows are the text's lines.

    If it would take too long to parse, `is_unread`, and the tree is nothing but an error.
    """

    source: bytes
    tree: Tree
    is_unread: bool = False


def parse(text: str, before: ParsedText | None = None) -> ParsedText:
    """Parse Python source. With the parse of an earlier text, only the changed part is parsed again."""
    # tree-sitter does not take a lone \r for a line end, but LSP and Python do.
    source = _LONE_RETURN.sub(b"\n", text.encode("utf-8", "surrogatepass"))
    known = None if before is None or before.is_unread else _edited(before, source)
    tree = parse_source(source, known)
    return ParsedText(source, tree or UNREAD, tree is None)


def _edited(before: ParsedText, new: bytes) -> Tree:
    """Return a copy of the earlier tree that is marked with the part that the new text replaces."""
    old = before.source
    start, tail = common_ends(old, new)
    while start and (_is_inside_character(old, start) or _is_inside_character(new, start)):
        start -= 1
    while tail and _is_inside_character(new, len(new) - tail):
        tail -= 1
    old_end, new_end = len(old) - tail, len(new) - tail
    tree = before.tree.copy()
    tree.edit(start, old_end, new_end, _point(old, start), _point(old, old_end), _point(new, new_end))
    return tree


def _is_inside_character(source: bytes, offset: int) -> bool:
    return offset < len(source) and source[offset] & 0xC0 == 0x80


def _point(source: bytes, offset: int) -> Point:
    point: Point = Point(source.count(b"\n", 0, offset), offset - source.rfind(b"\n", 0, offset) - 1)
    return point
