"""A call that failed, as its repair reads it: the error, the frames it went through, the statements they stopped at."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
import types
from collections.abc import Iterator
from typing import Any

import torch

from ...failures import is_library, text_of
from .values import Arguments, Path, Tensor, tensors

_PURE_CALLS = frozenset(
    ["len", "int", "size", "dim", "numel", "ndimension", "tuple", "list", "max", "min", "isinstance"]
)


class FailedCall:
    """One attempt's error. `values` are the tensors that were passed, by their path in `arguments`."""

    def __init__(self, error: BaseException, arguments: Arguments, values: dict[Path, Any], function: Any) -> None:
        self.error = error
        self.arguments = arguments
        self.values = values
        self.message = text_of(error)
        self.frames = [(tb.tb_frame, tb.tb_lineno) for tb in _tracebacks(error)]
        code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
        self.root = next((frame for frame, _ in self.frames if frame.f_code is code), None)

    def users(self) -> Iterator[tuple[types.FrameType, int]]:
        """The frames of user code, innermost first."""
        for frame, line in reversed(self.frames):
            if not is_library(frame.f_code.co_filename) and not frame.f_code.co_filename.startswith("<"):
                yield frame, line

    def paths_of(self, tensor: Any) -> list[Path]:
        """Where in the arguments a tensor comes from: the same one first, then those of its shape, then all others."""
        same = [path for path, value in self.values.items() if value is tensor]
        shape = tuple(getattr(tensor, "shape", ()))
        alike = [path for path, value in tensors(self.arguments) if path not in same and value.shape == shape]
        return same + alike

    def named(self, name: str) -> list[Path]:
        """The paths of the tensors of the argument of that name."""
        return [path for path, _ in tensors(self.arguments) if path[0] == name]

    def tensor(self, path: Path) -> Tensor:
        """The description of the tensor at a path."""
        return dict(tensors(self.arguments))[path]


def _tracebacks(error: BaseException) -> Iterator[types.TracebackType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


@functools.lru_cache(maxsize=512)
def _function(code: types.CodeType) -> tuple[ast.AST, int] | None:
    """The syntax of the function that a code object is of, and by how much its lines are too small."""
    try:
        lines, first = inspect.getsourcelines(code)
        return ast.parse(textwrap.dedent("".join(lines))), first - 1
    except (OSError, TypeError, SyntaxError, ValueError):
        return None


def function_of(code: types.CodeType) -> ast.AST | None:
    """The syntax of the function that a code object is of, where its source can be read."""
    found = _function(code)
    return found[0] if found is not None else None


def statement_at(frame: types.FrameType, line: int) -> list[ast.AST]:
    """The statement a frame stopped at, behind the conditions it stands under, the nearest last but itself."""
    found = _function(frame.f_code)
    if found is None:
        return []
    tree, offset = found
    chain: list[ast.AST] = []

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.stmt, ast.ExceptHandler)):
                first, last = child.lineno + offset, (child.end_lineno or child.lineno) + offset
                if first <= line <= last:
                    chain.append(child)
                    visit(child)
                    return
            else:
                visit(child)

    visit(tree)
    return [node for node in chain if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]


def expressions_at(frame: types.FrameType, line: int) -> list[ast.expr]:
    """What a frame was evaluating: the parts of its statement that have no body, and for a `raise` its condition."""
    chain = statement_at(frame, line)
    if not chain:
        return []
    statement = chain[-1]
    if isinstance(statement, ast.Raise):
        conditions = [node.test for node in chain if isinstance(node, ast.If)]
        return conditions[-1:]
    if isinstance(statement, ast.Assert):
        return [statement.test]
    if isinstance(statement, (ast.If, ast.While)):
        return [statement.test]
    if isinstance(statement, ast.For):
        return [statement.iter]
    if isinstance(statement, ast.With):
        return [item.context_expr for item in statement.items]
    return [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.expr)]


def names_at(frame: types.FrameType, line: int) -> list[str]:
    """The local names in what a frame was evaluating, in the order of the source."""
    found = []
    for expression in expressions_at(frame, line):
        for node in ast.walk(expression):
            if isinstance(node, ast.Name) and node.id in frame.f_locals and node.id not in found:
                found.append(node.id)
    return found


def compared(frame: types.FrameType, line: int) -> Iterator[tuple[ast.expr, Any, ast.cmpop, ast.expr, Any]]:
    """The comparisons in a condition that did not hold, with the values of both sides."""
    for expression in expressions_at(frame, line):
        for node in ast.walk(expression):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                for left, operator, right in zip(sides, node.ops, sides[1:]):
                    try:
                        yield left, value_of(left, frame), operator, right, value_of(right, frame)
                    except Exception:
                        continue


def value_of(node: ast.expr, frame: types.FrameType) -> Any:
    """The value of an expression without effects in a frame. Raises for any other."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", None)
            if name not in _PURE_CALLS:
                raise ValueError(name)
        elif isinstance(part, (ast.NamedExpr, ast.Await, ast.Yield, ast.Lambda)):
            raise ValueError(part)
    expression = compile(ast.fix_missing_locations(ast.Expression(node)), "<read>", "eval")
    return eval(expression, frame.f_globals, frame.f_locals)


def source_line(frame: types.FrameType, line: int) -> str:
    """The text of a line."""
    return linecache.getline(frame.f_code.co_filename, line).strip()


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor."""
    return isinstance(value, torch.Tensor)
