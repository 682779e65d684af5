"""Functions that report their values, runs and blocks."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from .expressions import ExpressionRewriter, arguments_of, call_of, constant, id_of, load, position
from .survey import Survey
from .table import ENTER, LEAVE, RAN, VALUE, Block, Function, Table


class FunctionRewriter(ExpressionRewriter):
    """Rewrites one outermost function.

    `prefix` is the beginning of its qualified name, and `in_class` whether it stands in a class.
    """

    def __init__(self, path: str, table: Table, is_plain: Callable[[str], bool], prefix: str, in_class: bool) -> None:
        super().__init__(path, table, is_plain)
        self._prefix = prefix
        self._in_class = in_class
        self._function = -1
        self._block: int | None = None
        self._survey = Survey(None)

    # --- functions

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        """Rewrite the outermost function itself: what stands around its body never runs."""
        self._survey = Survey(node)
        self._local |= self._survey.names
        self._body_of(node)
        node.args.defaults = [ast.copy_location(ast.Constant(None), each) for each in node.args.defaults]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        self.visit_defaults(node.args)
        outside = self._in_class, self._function, self._block, self._prefix
        self._in_class, self._prefix = False, f"{self._table.functions[self._function].qualname}.<locals>."
        self._body_of(node)
        self._in_class, self._function, self._block, self._prefix = outside
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        """Rewrite the methods of a class that a function defines; the rest of its body stays."""
        outside = self._in_class, self._function, self._block, self._prefix
        around = self._prefix if self._in_class else f"{self._table.functions[self._function].qualname}.<locals>."
        for child in node.body:
            self._in_class, self._prefix = True, f"{around}{node.name}."
            if isinstance(child, ast.FunctionDef):
                self._body_of(child)
            elif isinstance(child, ast.ClassDef):
                self.visit_ClassDef(child)
            self._in_class, self._function, self._block, self._prefix = outside
        return node

    def _body_of(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if isinstance(node, ast.AsyncFunctionDef):
            return
        self._function = len(self._table.functions)
        self._block = None
        end = node.end_lineno or node.lineno
        self._table.functions.append(Function(self._path, self._prefix + node.name, node.lineno, end))
        at = node.body[0]
        has_docstring = (
            isinstance(at, ast.Expr) and isinstance(at.value, ast.Constant) and isinstance(at.value.value, str)
        )
        docstring, rest = node.body[:has_docstring], node.body[has_docstring:]
        names = arguments_of(node.args)
        is_method = self._in_class and names and not _is_static(node) and id(node) not in self._survey.generators
        enter = call_of(
            ENTER,
            [constant(self._function, node), load(names[0].arg, node) if is_method else constant(None, node)],
            node,
        )
        body: list[ast.stmt] = [
            *(self.report(each, each.arg, "argument") for each in names if each.arg not in ("self", "cls")),
            *self._suite(rest),
        ]
        if is_method and body:
            leave = ast.copy_location(ast.Expr(call_of(LEAVE, [], node)), node)
            body = [ast.copy_location(ast.Try(body, [], [], [leave]), node)]
        node.body = [*docstring, ast.Expr(enter, **position(node)), *body]

    # --- statements

    def _suite(self, body: Sequence[ast.stmt], before: Iterable[ast.stmt] = ()) -> list[ast.stmt]:
        """Rewrite the statements of a block, of which a part begins after each statement that may leave the block."""
        made: list[ast.stmt] = []
        parent = self._block
        start = 0
        while start < len(body):
            end = start + 1
            while end < len(body) and id(body[end - 1]) not in self._survey.leaving:
                end += 1
            part = body[start:end]
            self._block = len(self._table.blocks)
            last = part[-1].end_lineno or part[-1].lineno
            self._table.blocks.append(Block(self._path, _first_line(part[0]), last, self._function, parent))
            made.append(_mark(self._block, part[0]))
            if start == 0:
                made.extend(before)
            for node in part:
                changed = self.visit(node)
                made.extend(changed if isinstance(changed, list) else [changed])
            start = end
        self._block = parent
        return made

    def visit_If(self, node: ast.If) -> ast.stmt:
        node.test = self.visit(node.test)
        node.body, node.orelse = self._suite(node.body), self._suite(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        return self.visit_If(node)  # type: ignore[arg-type]  # has the same parts

    def visit_For(self, node: ast.For) -> ast.stmt:
        node.iter, node.target = self.visit(node.iter), self.visit(node.target)
        node.body, node.orelse = self._suite(node.body, self.reports(node.target)), self._suite(node.orelse)
        return node

    def visit_With(self, node: ast.With) -> ast.stmt:
        bound: list[ast.stmt] = []
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
            if item.optional_vars is not None:
                item.optional_vars = self.visit(item.optional_vars)
                bound.extend(self.reports(item.optional_vars))
        node.body = self._suite(node.body, bound)
        return node

    def visit_Try(self, node: ast.Try) -> ast.stmt:
        node.body, node.orelse = self._suite(node.body), self._suite(node.orelse)
        for handler in node.handlers:
            handler.body = self._suite(handler.body)
        node.finalbody = self._suite(node.finalbody)
        return node

    def visit_TryStar(self, node: ast.stmt) -> ast.stmt:
        return self.visit_Try(node)  # type: ignore[arg-type]  # has the same parts

    def visit_Match(self, node: ast.Match) -> ast.stmt:
        node.subject = self.visit(node.subject)
        for case in node.cases:
            if case.guard is not None:
                case.guard = self.visit(case.guard)
            captured = [
                self.report(each, each.name, "target")
                for each in ast.walk(case.pattern)
                if isinstance(each, ast.MatchAs) and each.pattern is None and each.name
            ]
            case.body = self._suite(case.body, captured)
        return node

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        if node.value is not None:
            value = self.visit(node.value)
            node.value = call_of(VALUE, [self.id_at(node, "result"), value], node)
        return node

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        node.value = self.visit(node.value)
        found = id_of(node.value)
        node.targets = [self.visit(target) for target in node.targets]
        after: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, (ast.Tuple, ast.List)):
                after.extend(self.reports(target))
            elif found is not None:
                self._table.targets.append((self.place(target, "target"), found))
        return [node, *after]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is not None:
            node.value = self.visit(node.value)
            node.target = self.visit(node.target)
            found = id_of(node.value)
            if found is not None:
                self._table.targets.append((self.place(node.target, "target"), found))
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        node.target, node.value = self.visit(node.target), self.visit(node.value)
        return [node, *self.reports(node.target)]

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        node.value = self.visit(node.value)
        return node

    def visit_Delete(self, node: ast.Delete) -> ast.stmt:
        return node


def _mark(block: int, at: ast.AST) -> ast.stmt:
    item = ast.Subscript(load(RAN, at), constant(block, at), ast.Store())
    return ast.copy_location(ast.Assign([ast.copy_location(item, at)], constant(1, at)), at)


def _is_static(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", None)
    return decorators[0].lineno if decorators else node.lineno
