"""The syntax trees of the files that ran, with positions in code points."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...graph.stack_traces import code_point_column
from ...loading.overlay import read_bytes
from ...wire.descriptor_map import Span

Function = ast.FunctionDef | ast.AsyncFunctionDef
Position = tuple[int, int]
"""A line and a column in code points, both from 1."""


class Code:
    """Files as trees, each parsed once."""

    def __init__(self) -> None:
        self._trees: dict[str, ast.Module | None] = {}
        self._calls: dict[str, dict[Position, list[ast.Call]]] = {}

    def tree(self, path: str) -> ast.Module | None:
        """Return the tree of a file; None if it cannot be read or parsed."""
        if path not in self._trees:
            try:
                self._trees[path] = ast.parse(read_bytes(path))
            except (OSError, SyntaxError, ValueError):
                self._trees[path] = None
        return self._trees[path]

    def functions(self, path: str) -> Iterator[tuple[Function, ast.ClassDef | None]]:
        """Yield the functions of a file that are in no other one, each with the class around."""
        tree = self.tree(path)
        pending: list[tuple[ast.AST, ast.ClassDef | None]] = [(tree, None)] if tree is not None else []
        while pending:
            node, owner = pending.pop()
            for child in ast.iter_child_nodes(node):
                if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield child, owner
                elif isinstance(child, ast.stmt):
                    pending.append((child, child if isinstance(child, ast.ClassDef) else owner))

    def call_at(self, span: Span) -> ast.Call | None:
        """Return the call of a span; None if it is not known which one it is."""
        if span.path not in self._calls:
            calls: dict[Position, list[ast.Call]] = {}
            tree = self.tree(span.path)
            for node in ast.walk(tree) if tree is not None else ():
                if isinstance(node, ast.Call):
                    calls.setdefault(start_of(span.path, node), []).append(node)
            self._calls[span.path] = calls
        if span.column is None:
            return None
        ends = (span.end_line, span.end_column)
        for call in self._calls[span.path].get((span.line, span.column), ()):
            if end_of(span.path, call) == ends:
                return call
        return None


def start_of(path: str, node: ast.expr | ast.arg) -> Position:
    """Return the position of the first character of a node."""
    return node.lineno, code_point_column(path, node.lineno, node.col_offset)


def end_of(path: str, node: ast.expr | ast.arg) -> Position:
    """Return the position after the last character of a node."""
    line, offset = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return line, code_point_column(path, line, offset)


def span_of_node(path: str, node: ast.expr) -> Span:
    """Return the span of a node."""
    return Span(path, *start_of(path, node), *end_of(path, node))
