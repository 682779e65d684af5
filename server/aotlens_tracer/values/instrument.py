"""Functions of a source file, to be compiled anew so that each expression reports its value."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from .statements import FunctionRewriter
from .table import Table

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def instrument(
    tree: ast.Module, path: str, table: Table, is_needed: Callable[[ast.AST], bool], is_plain: Callable[[str], bool]
) -> ast.Module:
    """Return a module with those functions of `tree` that are needed, and what they stand in; changes `tree`.

    It is there to be compiled, and never runs. `is_plain` says of a global name that it is a module, function or class.
    """
    body = list(_kept(tree.body, path, table, is_needed, is_plain, ""))
    return ast.Module([*_futures(tree), *body], [])


def _futures(tree: ast.Module) -> list[ast.stmt]:
    return [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]


def _kept(
    body: Iterable[ast.stmt],
    path: str,
    table: Table,
    is_needed: Callable[[ast.AST], bool],
    is_plain: Callable[[str], bool],
    prefix: str,
) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            inner = list(_kept(node.body, path, table, is_needed, is_plain, f"{prefix}{node.name}."))
            if inner:
                node.body, node.decorator_list, node.bases, node.keywords = inner, [], [], []
                yield node
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if is_needed(node):
                rewriter = FunctionRewriter(path, table, is_plain, prefix, bool(prefix))
                yield rewriter.function(node)
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
            continue
        elif lambdas := [each for each in _outer_functions(node) if isinstance(each, ast.Lambda) and is_needed(each)]:
            for each in lambdas:
                made = FunctionRewriter(path, table, is_plain, prefix, False).visit(each)
                yield ast.copy_location(ast.Expr(made), each)
        elif not isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign):
            yield from _kept(_statements_in(node), path, table, is_needed, is_plain, prefix)


def _statements_in(node: ast.AST) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.excepthandler, ast.match_case)):
            yield from _statements_in(child)


def _outer_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the outermost lambdas in a simple statement; nothing for a statement with a body."""
    if not isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return):
        return
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, _FUNCTIONS):
            yield each
        else:
            waiting.extend(ast.iter_child_nodes(each))
