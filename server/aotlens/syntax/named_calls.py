"""Finds calls and functions in whole texts, in time that grows with the text, whatever nonsense it is.

A query of tree-sitter takes the square of that in code that is nested as deeply as it is long.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator

from tree_sitter import Node

from .nodes import text_of

DEEPEST = 500
"""Levels of a tree. Python's parser takes 200 brackets, and 100 levels of indentation."""
MOST = 1_000
"""Places of a text at which a call is looked for. Each takes time that grows with the text, if its tree is flat."""
HOLDERS = frozenset(
    {
        "module",
        "block",
        "class_definition",
        "function_definition",
        "decorated_definition",
        "if_statement",
        "elif_clause",
        "else_clause",
        "for_statement",
        "while_statement",
        "try_statement",
        "except_clause",
        "except_group_clause",
        "finally_clause",
        "with_statement",
        "match_statement",
        "case_clause",
    }
)
"""Types of nodes that hold statements. Others hold one only if they contain a syntax error."""


def calls_named(root: Node, names: Collection[str]) -> Iterator[Node]:
    """The calls of functions and methods with these names, in the order of the text; of very many, the first."""
    named = b"|".join(re.escape(name).encode("utf-8", "surrogatepass") for name in names if name)
    matches = re.finditer(rb"\b(?:" + named + rb")\b[^\S\n]*\(", root.text or b"") if named else iter(())
    for match in itertools.islice(matches, MOST):
        # The smallest node with the name and the bracket is the call.
        start, end = root.start_byte + match.start(), root.start_byte + match.end()
        call = root.descendant_for_byte_range(start, end) if not _is_too_deep(root, start) else None
        if call is not None and call.type == "call" and name_of_callee(call) in names:
            yield call


def name_of_callee(call: Node) -> str:
    """The last part of what is called: `fit` in `trainer.fit(module)`; empty if it is no name."""
    callee = call.child_by_field_name("function")
    if callee is None or callee.type not in ("identifier", "attribute"):
        return ""
    return text_of(callee.child_by_field_name("attribute") if callee.type == "attribute" else callee)


def statements_below(root: Node) -> Iterator[tuple[Node, Node]]:
    """The statements and clauses in a node, itself included, in the order of the text, each with its parent."""
    pending = [(root, root)]
    while pending:
        node, parent = pending.pop()
        yield node, parent
        if node.type in HOLDERS or node.has_error:
            pending += [(child, node) for child in reversed(node.named_children)]


def _is_too_deep(root: Node, start: int) -> bool:
    """Whether the code at a byte is nested more deeply than Python's parser takes."""
    cursor = root.walk()
    return all(cursor.goto_first_child_for_byte(start) is not None for _ in range(DEEPEST))
