"""A call of `print` that stands alone, as a statement under a condition."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from .nodes import items_of, text_of
from .source_text import SourceText, nodes_around


def guarded_print(document: SourceText, line: int, torch: str) -> tuple[Node, str] | None:
    """Return the `print` statement of a line, and its text under a condition that torch.compile knows to be false.

    `torch` is the name of that module in the file. None without such a statement, or if the line has
    other code.
    """
    text = document.line(line)
    column = len(text) - len(text.lstrip()) + 1
    statement = next(
        (node for node in nodes_around(document, line, column) if node.type == "expression_statement"), None
    )
    parts = items_of(statement)
    if statement is None or len(parts) != 1 or parts[0].type != "call" or not _has_its_lines_alone(statement):
        return None
    if text_of(parts[0].child_by_field_name("function")) != "print" or statement.start_point.row != line - 1:
        return None
    indent = text[: column - 1]
    unit = "\t" if "\t" in indent else "    "
    body = text_of(statement).replace("\n", f"\n{unit}")
    return statement, f"if not {torch}.compiler.is_compiling():\n{indent}{unit}{body}"


def _has_its_lines_alone(statement: Node) -> bool:
    """Whether no other code stands on the lines of a statement, and all of its lines may be indented further."""
    first, last = statement.start_point.row, statement.end_point.row
    around = [node for node in (statement.prev_sibling, statement.next_sibling) if node is not None]
    if any(node.type != "comment" and node.end_point.row >= first and node.start_point.row <= last for node in around):
        return False
    block = statement.parent
    if (
        block is not None
        and block.type == "block"
        and block.parent is not None
        and block.parent.start_point.row == first
    ):
        return False
    return not any(node.type == "string" and "\n" in text_of(node) for node in _all(statement))


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)
