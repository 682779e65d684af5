"""The uses of one parameter in one function, in the order of the source, and what they demand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

import torch

from ..tables.input_names import input_kind
from .calls import demands_of_call, least_rank, multiplied, numbers
from .demand import NOTHING, Demand, broadcast
from .scope import Scope


class Uses:
    """Reads the body of `definition`, in whose `scope` the argument `parameter` is followed."""

    def __init__(self, scope: Scope, definition: ast.FunctionDef, parameter: str) -> None:
        self._scope = scope
        self._definition = definition
        self._is_of_ids = input_kind(parameter) in ("tokens", "positions", "mask")
        self._found = NOTHING
        self._is_returned_same = False
        self._branches = 0
        self._parts = 0
        """The least size of the last axis, by constant indices: `boxes[..., 3]`."""
        self._indexed = 0
        """The likely number of axes, by an index, if nothing says for sure."""

    def demand(self) -> Demand:
        """The demand of the whole body."""
        self._statements(self._definition.body)
        found = self._found.and_then(Demand(likely_rank=self._indexed))
        found = found.and_then(Demand(axes={-1: self._parts}, least=3) if self._parts > 1 else NOTHING)
        return replace(found, same_shape=self._is_returned_same)

    # --- statements

    def _statements(self, body: list[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, ast.If):
                self._branch(statement)
            elif isinstance(statement, ast.For):
                self._expressions(statement.iter)
                self._scope.bind_loop(statement.target, statement.iter)
                self._statements(statement.body)
            elif isinstance(statement, (ast.With, ast.Try, ast.While)):
                self._statements(statement.body)
            elif isinstance(statement, ast.Assign):
                self._expressions(statement.value)
                for target in statement.targets:
                    self._assign(target, statement.value)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self._expressions(statement.value)
                self._assign(statement.target, statement.value)
            elif isinstance(statement, ast.AugAssign):
                self._expressions(statement.value)
                if self._scope.is_same(statement.target):
                    self._combined_with(statement.value)
            elif isinstance(statement, (ast.Expr, ast.Return, ast.Assert)):
                value = statement.test if isinstance(statement, ast.Assert) else statement.value
                if value is not None:
                    self._expressions(value)
                if isinstance(statement, ast.Return) and value is not None and self._scope.is_same(value):
                    self._is_returned_same = True

    def _branch(self, statement: ast.If) -> None:
        """Read both branches. A name has the argument's shape afterwards if it has it after one of them."""
        scope = self._scope
        self._expressions(statement.test)
        before, joined = set(scope.same), set(scope.joined)
        self._branches += 1
        self._statements(statement.body)
        after, scope.same = scope.same, before
        after_joined, scope.joined = scope.joined, joined
        self._statements(statement.orelse)
        self._branches -= 1
        scope.same |= after
        scope.joined |= after_joined

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        is_pairwise = isinstance(value, ast.Tuple) and isinstance(target, (ast.Tuple, ast.List))
        if isinstance(target, (ast.Tuple, ast.List)) and not is_pairwise and self._scope.is_shape(value):
            self._unpacked(target)
        self._scope.assign(target, value)

    def _unpacked(self, target: ast.Tuple | ast.List) -> None:
        """`b, c, h, w = x.shape` states the rank, `b, *_, d = x.shape` the least rank."""
        if any(isinstance(element, ast.Starred) for element in target.elts):
            self._at_least(len(target.elts) - 1)
            return
        names = tuple(element.id if isinstance(element, ast.Name) else None for element in target.elts)
        self._add(Demand(len(names), names=names))

    # --- expressions

    def _expressions(self, node: ast.expr) -> None:
        """Read every use in an expression, innermost first."""
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            first = node.generators[0]
            self._expressions(first.iter)
            self._each(first.target, first.iter, node.elt)
            return
        if isinstance(node, ast.Call) and (function := _mapped(node)) is not None:
            self._expressions(node.args[1])
            self._each(ast.Name(function.args.args[0].arg), node.args[1], function.body)
            return
        for child in _children(node):
            self._expressions(child)
        if isinstance(node, ast.Call):
            for demand in demands_of_call(self._scope, node):
                self._add(demand)
        elif isinstance(node, ast.BinOp):
            self._operator(node)
        elif isinstance(node, ast.Subscript):
            self._index(node)

    def _each(self, target: ast.expr, iterated: ast.expr, body: ast.expr) -> None:
        """Read an expression that is evaluated for each item: of a comprehension, or of `map` with a lambda."""
        scope = self._scope
        before = set(scope.same), dict(scope.known), dict(scope.rearranged)
        items = iterated.elts if isinstance(iterated, (ast.Tuple, ast.List)) else []
        scope.bind_loop(target, iterated)
        if isinstance(target, ast.Name) and any(map(scope.is_same, items)):
            scope.same.add(target.id)
        self._expressions(body)
        scope.same, scope.known, scope.rearranged = before

    def _operator(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.MatMult):
            self._add(multiplied(self._scope, node.left, node.right))
        elif self._scope.is_same(node.left):
            self._combined_with(node.right)
        elif self._scope.is_same(node.right):
            self._combined_with(node.left)

    def _combined_with(self, other: ast.expr) -> None:
        """An element-wise operation with another tensor."""
        value = self._scope.resolve(other)
        if isinstance(value, torch.Tensor) and value.dim():
            self._add(broadcast(value.shape))

    def _index(self, node: ast.Subscript) -> None:
        """`x[:, 0]`, `boxes[..., 3]`, `x.shape[2]`."""
        if self._scope.is_same(node.value) and isinstance(node.slice, ast.Tuple):
            elements = node.slice.elts
            if not any(isinstance(e, ast.Constant) and e.value in (None, ...) for e in elements):
                self._at_least(len(elements))
                # `x[:, 0]` mostly takes a token of (batch, tokens, width); ids have no width.
                self._indexed = self._indexed or (len(elements) if self._is_of_ids else max(len(elements), 3))
            elif len(elements) == 2 and isinstance(last := elements[1], ast.Constant) and type(last.value) is int:
                self._parts = max(self._parts, last.value + 1)
        elif self._scope.is_shape(node.value):
            self._at_least(max(map(least_rank, numbers(node.slice)), default=0))

    def _at_least(self, rank: int) -> None:
        self._add(Demand(least=rank))

    def _add(self, demand: Demand) -> None:
        # Operations under a condition may be for tensors of other ranks only.
        self._found = self._found.and_then(replace(demand, least=0) if self._branches else demand)


def _mapped(node: ast.Call) -> ast.Lambda | None:
    """The function of `map(lambda item: ..., items)`."""
    if getattr(node.func, "id", None) != "map" or len(node.args) != 2:
        return None
    function = node.args[0]
    return function if isinstance(function, ast.Lambda) and len(function.args.args) == 1 else None


def _children(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not isinstance(child, ast.Lambda):
            yield child
        elif isinstance(child, ast.keyword):
            yield child.value
