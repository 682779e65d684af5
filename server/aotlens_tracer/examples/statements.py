"""Statements of a file as syntax trees and as code, with their own places, so that errors in them are shown there."""

from __future__ import annotations

import ast
import types

from ..failures import TraceError
from ..wire.descriptor_map import Failure
from ..wire.problems import StatementNotPython
from ..wire.statements import Statement


def code_of(statement: Statement) -> types.CodeType:
    """Compile a statement. Raises TraceError if it is not Python."""
    return compile(ast.Module(parsed(statement), []), statement.path, "exec")


def parsed(statement: Statement) -> list[ast.stmt]:
    """Return the syntax of a statement, with the lines and columns that it has in its file.

    Raises TraceError if it is not Python.
    """
    try:
        tree = ast.parse(statement.text, statement.path)
    except SyntaxError as error:
        indented = _indented(statement)
        if indented is not None:
            return indented
        problem = StatementNotPython(error.msg, statement.line)
        raise TraceError(Failure("example", "error", problem, statement.path, statement.line)) from None
    for node in ast.walk(tree):
        if getattr(node, "lineno", None) == 1:
            node.col_offset += statement.column - 1  # type: ignore[attr-defined]  # has a lineno, so it has both
        if getattr(node, "end_lineno", None) == 1:
            node.end_col_offset += statement.column - 1  # type: ignore[attr-defined]  # the same
    ast.increment_lineno(tree, statement.line - 1)
    return tree.body


def _indented(statement: Statement) -> list[ast.stmt] | None:
    """Parse a statement in a block of its own: its later lines may be as indented as its first one (`else:`)."""
    try:
        tree = ast.parse(f"if True:\n{' ' * (statement.column - 1)}{statement.text}", statement.path)
    except SyntaxError:
        return None
    ast.increment_lineno(tree, statement.line - 2)
    block = tree.body[0]
    return block.body if isinstance(block, ast.If) else None
