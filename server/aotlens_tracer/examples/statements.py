"""Statements of a file as syntax trees and as code, with their own places, so that errors in them are shown there."""

from __future__ import annotations

import ast
import linecache
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

    The later lines of its text may have lost the indentation of the first. Raises TraceError if it is not Python.
    """
    try:
        tree = ast.parse(statement.text, statement.path)
    except SyntaxError as error:
        indented = _indented(statement)
        if indented is not None:
            return indented
        problem = StatementNotPython(error.msg, statement.line, statement.path)
        raise TraceError(Failure("example", "error", problem, statement.path, statement.line)) from None
    shifts = _shifts(statement)
    for node in ast.walk(tree):
        if getattr(node, "lineno", None) is not None:
            node.col_offset += shifts[node.lineno - 1]  # type: ignore[attr-defined]  # has a lineno, so it has all
            node.end_col_offset += shifts[node.end_lineno - 1]  # type: ignore[attr-defined]  # the same
    ast.increment_lineno(tree, statement.line - 1)
    return tree.body


def _shifts(statement: Statement) -> list[int]:
    """Return how far to the right each line of a statement's text stands in the file."""
    _, *later = statement.text.split("\n")
    shifts = [statement.column - 1]
    for number, line in enumerate(later, statement.line + 1):
        before = linecache.getline(statement.path, number)
        shifts.append(_indentation(before) - _indentation(line) if before.strip() and line.strip() else 0)
    return shifts


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _indented(statement: Statement) -> list[ast.stmt] | None:
    """Parse a statement in a block of its own: its later lines may be as indented as its first one (`else:`)."""
    try:
        tree = ast.parse(f"if True:\n{' ' * (statement.column - 1)}{statement.text}", statement.path)
    except SyntaxError:
        return None
    ast.increment_lineno(tree, statement.line - 2)
    block = tree.body[0]
    return block.body if isinstance(block, ast.If) else None
