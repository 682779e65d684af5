"""The statements of user code that a failure went through, and what they were evaluating."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

_PURE_CALLS = frozenset(
    ["len", "int", "size", "dim", "numel", "ndimension", "tuple", "list", "max", "min", "isinstance"]
)


@dataclass(frozen=True)
class Comparison:
    """One comparison of a condition, with the values of both sides."""

    left: ast.expr
    left_value: Any
    operator: ast.cmpop
    right: ast.expr
    right_value: Any


@dataclass(frozen=True)
class Place:
    """A frame, and the line at which it stopped."""

    frame: types.FrameType
    line: int

    @property
    def variables(self) -> dict[str, Any]:
        """The local variables by name."""
        return self.frame.f_locals

    @property
    def function(self) -> ast.AST | None:
        """The syntax of the function, None if its source cannot be read."""
        found = _function(self.frame.f_code)
        return found[0] if found is not None else None

    def expressions(self) -> list[ast.expr]:
        """The parts of the statement that have no body. For a `raise`, the condition above it."""
        chain = self._statements()
        if not chain:
            return []
        statement = chain[-1]
        if isinstance(statement, ast.Raise):
            conditions = [node.test for node in chain if isinstance(node, ast.If)]
            return conditions[-1:]
        if isinstance(statement, (ast.Assert, ast.If, ast.While)):
            return [statement.test]
        if isinstance(statement, ast.For):
            return [statement.iter]
        if isinstance(statement, ast.With):
            return [item.context_expr for item in statement.items]
        return [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.expr)]

    def surrounding_conditions(self) -> list[ast.expr]:
        """The conditions that the statement stands under, the innermost first."""
        chain = self._statements()
        found = [
            node.test
            for node, inside in itertools.pairwise(chain)
            if isinstance(node, ast.If) and any(inside is one for one in node.body)
        ]
        return found[::-1]

    def nodes(self) -> Iterator[ast.AST]:
        """All nodes of these expressions."""
        for expression in self.expressions():
            yield from ast.walk(expression)

    def names(self) -> list[str]:
        """The local variables that these expressions read, each once, in the order of the source."""
        variables = self.variables
        found = [node.id for node in self.nodes() if isinstance(node, ast.Name) and node.id in variables]
        return list(dict.fromkeys(found))

    def comparisons(self) -> Iterator[Comparison]:
        """The comparisons whose sides can be evaluated again."""
        for node in self.nodes():
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                for left, operator, right in zip(sides, node.ops, sides[1:]):
                    one, other = self.value(left, _UNKNOWN), self.value(right, _UNKNOWN)
                    if one is not _UNKNOWN and other is not _UNKNOWN:
                        yield Comparison(left, one, operator, right, other)

    def conditions(self) -> list[ast.expr]:
        """The condition of an `assert`, or those that lead to a `raise`; none for other statements.

        They are that of the innermost `if` around the `raise`, and, from an `elif` or `else`, those before it.
        """
        chain = self._statements()
        if not chain or not isinstance(chain[-1], (ast.Raise, ast.Assert)):
            return []
        found = self.expressions()
        for outer, inner in itertools.pairwise(chain[::-1][1:]):
            is_before = isinstance(inner, ast.If) and len(inner.orelse) == 1 and inner.orelse[0] is outer
            if not isinstance(outer, ast.If) or not is_before or not isinstance(inner, ast.If):
                break
            found.append(inner.test)
        return found

    def truth(self, condition: ast.expr, changed: Mapping[str, Any]) -> bool | None:
        """Whether a condition holds, with other values for some variables. None if that is unknown."""
        value = self.value(condition, _UNKNOWN, changed)
        try:
            return None if value is _UNKNOWN else bool(value)
        except Exception:  # the user's own objects may raise anything
            return None

    def value(self, node: ast.expr, default: Any = None, changed: Mapping[str, Any] | None = None) -> Any:
        """The value of an expression; `default` if evaluating it could have effects, or fails.

        `changed` has other values for some variables.
        """
        for part in ast.walk(node):
            if isinstance(part, ast.Call):
                name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", None)
                if name not in _PURE_CALLS:
                    return default
            elif isinstance(part, (ast.NamedExpr, ast.Await, ast.Yield, ast.Lambda)):
                return default
        expression = compile(ast.fix_missing_locations(ast.Expression(node)), "<read>", "eval")
        try:
            return eval(expression, self.frame.f_globals, {**self.frame.f_locals, **(changed or {})})
        except Exception:  # the user's own operators and properties may raise anything
            return default

    def tensor(self, node: ast.expr) -> torch.Tensor | None:
        """The tensor that an expression stands for, None if it is no tensor."""
        value = self.value(node)
        return value if isinstance(value, torch.Tensor) else None

    def tensor_with_rank(self, node: ast.expr) -> torch.Tensor | None:
        """The tensor whose rank an expression is: `x.dim()`, `x.ndim`, `len(x.shape)`."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return self.tensor(node.func.value) if node.func.attr in ("dim", "ndimension") else None
        if isinstance(node, ast.Attribute) and node.attr == "ndim":
            return self.tensor(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and node.args:
            return self.tensor_with_shape(node.args[0])
        return None

    def tensor_with_shape(self, node: ast.expr) -> torch.Tensor | None:
        """The tensor whose shape an expression is: `x.shape`, `x.size()`."""
        if isinstance(node, ast.Attribute) and node.attr == "shape":
            return self.tensor(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "size":
            return self.tensor(node.func.value) if not node.args else None
        return None

    def _statements(self) -> list[ast.AST]:
        """The statement, after the ones that it stands in, the outermost first."""
        found = _function(self.frame.f_code)
        if found is None:
            return []
        tree, offset = found
        chain: list[ast.AST] = []

        def visit(node: ast.AST) -> None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, (ast.stmt, ast.ExceptHandler)):
                    first, last = child.lineno + offset, (child.end_lineno or child.lineno) + offset
                    if first <= self.line <= last:
                        chain.append(child)
                        visit(child)
                        return
                else:
                    visit(child)

        visit(tree)
        return [node for node in chain if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]


_UNKNOWN = object()


@functools.lru_cache(maxsize=512)
def _function(code: types.CodeType) -> tuple[ast.AST, int] | None:
    """The syntax of the function of a code object, and what to add to its lines; None without source."""
    try:
        lines, first = inspect.getsourcelines(code)
        return ast.parse(textwrap.dedent("".join(lines))), first - 1
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
