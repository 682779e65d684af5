"""The interface of a document that syntax reads."""

from __future__ import annotations

import os
import re
from pathlib import PurePath
from typing import Protocol

from tree_sitter import Node, Point, Tree

from aotlens_tracer.wire.places import Span


class SourceText(Protocol):
    """A document, in lines and columns from 1, columns in Unicode code points. The rows of the tree are its lines."""

    @property
    def path(self) -> str:
        """The absolute path of the file, or the URI of a document that is not a file."""

    @property
    def is_python(self) -> bool:
        """Whether it is Python code."""

    @property
    def text(self) -> str:
        """The whole text."""

    @property
    def line_count(self) -> int:
        """The number of lines."""

    @property
    def tree(self) -> Tree:
        """The syntax tree."""

    def line(self, number: int) -> str:
        """A line without its end."""

    def point(self, line: int, column: int) -> Point:
        """A position as tree-sitter counts: row and column from 0, the column in bytes."""

    def span_of(self, node: Node) -> Span:
        """The span of a node of the tree."""


def is_python(path: str, language: str = "") -> bool:
    """Whether a file with this name is Python code.

    A notebook counts, and a name without an ending, unless `language`, the client's id of its language, is another one.
    """
    if not os.path.isabs(path):  # a URI, which may end with a query or fragment: `git:/model.py?ref`
        path = re.split("[?#]", path)[0]
    ending = PurePath(path).suffix
    return ending in (".py", ".pyi", ".pyw") or (ending in ("", ".ipynb") and language in ("", "python"))


def nodes_around(document: SourceText, line: int, column: int) -> list[Node]:
    """The nodes around a position, innermost first; the root of the tree at least."""
    start = document.point(line, column)
    end = document.point(line, column + 1) if column <= len(document.line(line)) else start
    return nodes_around_range(document, start, end)


def nodes_around_range(document: SourceText, start: Point, end: Point) -> list[Node]:
    """The nodes around a range of the tree, innermost first; the root of the tree at least."""
    root = document.tree.root_node
    innermost = root.descendant_for_point_range(start, end)
    chain, node = [root], root
    # Downwards: `node.parent` comes down from the root each time, and a broken text is nested as deeply as it is long.
    while innermost is not None and node.id != innermost.id:
        below = node.child_with_descendant(innermost)
        if below is None:
            break
        node = below
        chain.append(node)
    return chain[::-1]
