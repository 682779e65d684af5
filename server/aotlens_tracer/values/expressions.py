"""Expressions that report their values: `e` becomes `__aotlens_value__(id, e)`, at the position of `e`.

Nothing is evaluated twice, and in no other order. Only names that were just bound are read once more.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable

from ..wire.values import ExpressionRole
from .table import TRUE, VALUE, Place, Table

_PARTS_OF_TEXT = sys.version_info >= (3, 12)
"""Whether the positions of expressions in an f-string are right."""


_LOAD = ast.Load()
_POSITION = ("lineno", "col_offset", "end_lineno", "end_col_offset")


class ExpressionRewriter(ast.NodeTransformer):
    """Rewrites expressions. `is_plain` says of a global name that it is a module, function or class."""

    def __init__(self, path: str, table: Table, is_plain: Callable[[str], bool]) -> None:
        self._path = path
        self._table = table
        self._is_plain_global = is_plain
        self._local: set[str] = set()

    def reports(self, target: ast.expr) -> list[ast.stmt]:
        """Return statements that report the names which a target binds."""
        if isinstance(target, ast.Name):
            return [self.report(target, target.id, "target")]
        if isinstance(target, ast.Starred):
            return self.reports(target.value)
        if isinstance(target, (ast.Tuple, ast.List)):
            return [each for item in target.elts for each in self.reports(item)]
        return []

    def report(self, node: ast.AST, name: str, role: ExpressionRole) -> ast.Expr:
        """Return a statement that reports a name which is bound at `node`."""
        call = call_of(VALUE, [self.id_at(node, role), load(name, node)], node)
        return ast.Expr(call, **position(node))

    def place(self, node: ast.AST, role: ExpressionRole) -> Place:
        """Return the place of an expression, an argument or a statement."""
        return Place(
            self._path,
            node.lineno,  # type: ignore[attr-defined]  # expressions and arguments have a position
            node.col_offset,  # type: ignore[attr-defined]  # the same
            node.end_lineno,  # type: ignore[attr-defined]  # the same
            node.end_col_offset,  # type: ignore[attr-defined]  # the same
            role,
        )

    def id_at(self, node: ast.AST, role: ExpressionRole) -> ast.expr:
        """Return a new id for the place of `node`, as an expression."""
        self._table.places.append(self.place(node, role))
        return constant(len(self._table.places) - 1, node)

    def _wrap(self, node: ast.expr) -> ast.expr:
        return call_of(VALUE, [self.id_at(node, "expression"), node], node)

    def _visit_and_wrap(self, node: ast.expr) -> ast.expr:
        self.generic_visit(node)
        return self._wrap(node)

    visit_BinOp = visit_BoolOp = visit_Compare = visit_IfExp = visit_Await = _visit_and_wrap
    visit_ListComp = visit_SetComp = visit_DictComp = visit_Dict = visit_Set = _visit_and_wrap

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        return node if isinstance(node.operand, ast.Constant) else self._visit_and_wrap(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load) or node.id in ("self", "cls"):
            return node
        if node.id not in self._local and self._is_plain_global(node.id):
            return node
        return self._wrap(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        node.value = self.visit(node.value)
        return self._wrap(node) if isinstance(node.ctx, ast.Load) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self._visit_parts(node)
        return self._wrap(node) if isinstance(node.ctx, ast.Load) else node

    def _visit_parts(self, node: ast.Subscript) -> None:
        node.value = self.visit(node.value)
        if isinstance(node.slice, ast.Tuple):  # it may have slices, which are no values
            node.slice.elts = [self.visit(each) for each in node.slice.elts]
        else:
            node.slice = self.visit(node.slice)

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        self.generic_visit(node)
        is_constant = all(isinstance(each, ast.Constant) for each in node.elts)
        return node if is_constant or not isinstance(node.ctx, ast.Load) else self._wrap(node)

    def visit_List(self, node: ast.List) -> ast.expr:
        return self.visit_Tuple(node)  # type: ignore[arg-type]  # has the same parts

    def visit_Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        if isinstance(function, ast.Attribute):  # the function itself is no value to report
            function.value = self.visit(function.value)
        elif isinstance(function, ast.Subscript):
            self._visit_parts(function)
        elif not isinstance(function, ast.Name):
            node.func = self.visit(function)
        elif function.id == "super":
            return node
        node.args = [self.visit(each) for each in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return self._wrap(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self.visit(node.value)
        found = id_of(node.value)
        if found is not None:
            self._table.targets.append((self.place(node.target, "target"), found))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        node.iter, node.target = self.visit(node.iter), self.visit(node.target)
        node.ifs = [self.visit(each) for each in node.ifs]
        tests: list[ast.expr] = []
        for report in self.reports(node.target):
            assert isinstance(report, ast.Expr) and isinstance(report.value, ast.Call)
            tests.append(call_of(TRUE, report.value.args, report))
        node.ifs = [*tests, *node.ifs]
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        if _PARTS_OF_TEXT:
            self.generic_visit(node)
        return node

    def visit_defaults(self, arguments: ast.arguments) -> None:
        """Rewrite the defaults of a function, which are evaluated outside it."""
        arguments.defaults = [self.visit(each) for each in arguments.defaults]
        arguments.kw_defaults = [self.visit(each) if each is not None else None for each in arguments.kw_defaults]

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self.visit_defaults(node.args)
        self._local |= {each.arg for each in arguments_of(node.args)}
        body = self.visit(node.body)
        said = [self.report(each, each.arg, "argument").value for each in arguments_of(node.args) if each.arg != "self"]
        if said:
            shown = ast.copy_location(ast.Tuple([*said, body], ast.Load()), node.body)
            body = ast.copy_location(ast.Subscript(shown, constant(-1, node.body), ast.Load()), node.body)
        node.body = body
        return node


def call_of(name: str, arguments: list[ast.expr], at: ast.AST) -> ast.Call:
    """Return a call of the function `name`, at the position of `at`."""
    return ast.Call(load(name, at), arguments, [], **position(at))


def constant(value: int | None, at: ast.AST) -> ast.expr:
    """Return a constant at the position of `at`."""
    return ast.Constant(value, None, **position(at))


def load(name: str, at: ast.AST) -> ast.expr:
    """Return a name that is read, at the position of `at`."""
    return ast.Name(name, _LOAD, **position(at))


def position(at: ast.AST) -> dict[str, int]:
    """Return the position of a node, for another one."""
    return {name: vars(at)[name] for name in _POSITION}


def id_of(node: ast.expr) -> int | None:
    """Return the id that an expression reports itself with; None if it does not."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == VALUE:
        identifier = node.args[0]
        assert isinstance(identifier, ast.Constant) and isinstance(identifier.value, int)
        return identifier.value
    return None


def arguments_of(arguments: ast.arguments) -> list[ast.arg]:
    """Return all arguments of a function, those with stars last."""
    starred = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]
