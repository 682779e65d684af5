"""The lists of names that `__tensor_flatten__` methods of a document return, by syntax alone."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from .definitions import Definition
from .nodes import string_value
from .source_text import SourceText, nodes_around

FLATTEN = "__tensor_flatten__"
_LISTS = ("list", "tuple", "expression_list", "argument_list")
"""The nodes around a string that may name a piece of a tensor subclass: `["a", "b"]`, `names.append("c")`."""


@dataclass(frozen=True)
class PieceList:
    """The names of the pieces of a class of tensor subclasses, from the line of the first to that of the last."""

    qualname: str
    line: int
    last: int


def piece_lists(document: SourceText, definitions: tuple[Definition, ...]) -> list[PieceList]:
    """The lists in the methods `__tensor_flatten__` among the definitions; none for a method that names no piece."""
    found = []
    for definition in definitions:
        owner, _, name = definition.qualname.rpartition(".")
        if name != FLATTEN or not owner:
            continue
        node = next(
            (one for one in nodes_around(document, definition.line, _column(document, definition)) if _is_method(one)),
            None,
        )
        lines = sorted(_lines(node)) if node is not None else []
        if lines:
            found.append(PieceList(owner, lines[0], lines[-1]))
    return found


def may_name_piece(around: Node, text: str) -> bool:
    """Whether a string with a text may name a piece, from the node around it."""
    return around.type in _LISTS and text.isidentifier()


def _column(document: SourceText, definition: Definition) -> int:
    text = document.line(definition.line)
    return len(text) - len(text.lstrip()) + 1


def _is_method(node: Node) -> bool:
    return node.type == "function_definition"


def _lines(node: Node) -> list[int]:
    """The lines, from 1, of the names in lists below a node."""
    found = []
    for child in node.children:
        text = string_value(child)
        if text is not None and may_name_piece(node, text):
            found.append(child.start_point.row + 1)
        found += _lines(child)
    return found
