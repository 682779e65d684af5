"""The comment at the end of a line, and the lines that can hold none: inside a string, or continued by a backslash."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from .nodes import text_of
from .source_text import SourceText, nodes_around


@dataclass(frozen=True)
class Comment:
    """A comment: its text with `#`, and the column at which it begins."""

    text: str
    column: int

    def stands_alone(self, line: str) -> bool:
        """Whether nothing but space stands before it on its line."""
        return not line[: self.column - 1].strip()


def comment_of(document: SourceText, line: int) -> Comment | None:
    """The comment at the end of a line; None if there is none, or `#` stands in a string."""
    if not 1 <= line <= document.line_count:
        return None
    for node in _nodes_at_end(document, line):
        if node.type == "comment":
            return Comment(text_of(node), document.span_of(node).column or 1)
    return None


def commentable_line(document: SourceText, line: int) -> int | None:
    """The first line from `line` on that can end with a comment; None if the text ends before that."""
    while _goes_on(document, line):
        line += 1
    return line if line <= document.line_count else None


def joined_from(document: SourceText, line: int) -> int:
    """The first of the lines that strings and backslashes join with `line`: a comment can stand above it."""
    while line > 1 and _goes_on(document, line - 1):
        line -= 1
    return line


def _goes_on(document: SourceText, line: int) -> bool:
    """Whether a string goes on behind the end of a line, or a backslash continues it."""
    if line > document.line_count:
        return False
    nodes = _nodes_at_end(document, line)
    if any(node.type == "string" and node.start_point.row < line <= node.end_point.row for node in nodes):
        return True
    return document.line(line).endswith("\\") and all(node.type != "comment" for node in nodes)


def _nodes_at_end(document: SourceText, line: int) -> list[Node]:
    """The nodes around the last character of a line, innermost first."""
    return nodes_around(document, line, max(len(document.line(line).rstrip()), 1))
