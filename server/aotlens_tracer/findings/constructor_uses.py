"""The expressions of constructors that use the values of a parameter, read off their text.

A parameter that `forward` never uses may have been used to make something else, once and for all.
"""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterator

from torch import nn

from ..failures import is_library
from ..graph.stack_traces import source_text
from ..torch_private import METADATA, READS_METADATA
from ..wire.findings import UsedInConstructorOnly
from ..wire.places import Expression, Span

_READS_NO_VALUE = frozenset((*METADATA, *READS_METADATA, "requires_grad", "is_cuda", "grad", "register_hook"))
_STATEMENTS = (ast.Assign, ast.AnnAssign, ast.Expr)


def constructor_uses(root: nn.Module, fqn: str) -> UsedInConstructorOnly | None:
    """Return the expressions of the constructors of a parameter's owners that use its values; None if there is none.

    What stands under a condition, or in a function in the constructor, may not have run and is left out.
    """
    steps = fqn.split(".")
    for depth in range(len(steps) - 1, -1, -1):  # the nearest owner first
        try:
            owner = root.get_submodule(".".join(steps[:depth]))
        except AttributeError:
            continue
        found = [use for cls in type(owner).__mro__ for use in _uses(cls, tuple(steps[depth:]))]
        if found:
            makes = all(_makes_parameter(node) for _, node in found)
            spans = (_span(path, node) for path, node in found)
            expressions = (Expression(" ".join((source_text(span) or "").split()), span) for span in spans)
            return UsedInConstructorOnly(tuple(expressions), makes)
    return None


def _uses(cls: type, steps: tuple[str, ...]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the expressions of the constructor of a class, each with its file, that use `self.<steps>`."""
    code = getattr(cls.__dict__.get("__init__"), "__code__", None)
    if code is None or is_library(code.co_filename) or not code.co_varnames:
        return
    constructor = _function(code.co_filename, code.co_firstlineno)
    if constructor is None:
        return
    wanted = {(code.co_varnames[0], *steps)}
    statements = list(_statements(constructor.body))
    for statement in statements:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement.value, ast.Name) and any(_path(target) in wanted for target in targets):
            wanted.add((statement.value.id,))  # `self.freq = freq`: the local variable is the parameter too
    for statement in statements:
        value = statement.value
        if value is not None and _path(value) is None and any(_uses_value(value, path) for path in wanted):
            yield code.co_filename, value


def _statements(body: list[ast.stmt]) -> Iterator[ast.Assign | ast.AnnAssign | ast.Expr]:
    for statement in body:
        if isinstance(statement, _STATEMENTS):
            yield statement
        elif isinstance(statement, (ast.With, ast.For)):
            yield from _statements(statement.body)


def _uses_value(node: ast.AST, path: tuple[str, ...]) -> bool:
    """Whether an expression uses the values of what has this path: not its shape, and not to fill it with others."""
    if isinstance(node, ast.Lambda):
        return False
    if isinstance(node, ast.Attribute):
        if _path(node) == path:
            return True
        return node.attr not in _READS_NO_VALUE and not node.attr.endswith("_") and _uses_value(node.value, path)
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        # `nn.init.normal_(self.freq)` and `register_parameter` write or name it.
        written = node.args[:1] if called.endswith("_") else []
        if called in ("register_parameter", "super"):
            return False
        given = [*node.args[len(written) :], *(keyword.value for keyword in node.keywords)]
        return any(_uses_value(each, path) for each in (node.func, *given))
    if isinstance(node, ast.Name):
        return (node.id,) == path
    return any(_uses_value(child, path) for child in ast.iter_child_nodes(node))


def _path(node: ast.AST) -> tuple[str, ...] | None:
    """Return the names of `self.a.b` as a tuple, None for any other expression."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else None


def _makes_parameter(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and (_path(node.func) or ("",))[-1] == nn.Parameter.__name__


@functools.lru_cache(maxsize=16)
def _functions(path: str) -> dict[int, ast.FunctionDef]:
    """Return the functions of a file by the lines that their code objects name: those of the first decorators."""
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except SyntaxError:
        return {}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {min([node.lineno, *(each.lineno for each in node.decorator_list)]): node for node in functions}


def _function(path: str, line: int) -> ast.FunctionDef | None:
    return _functions(path).get(line)


def _span(path: str, node: ast.expr) -> Span:
    line = linecache.getline(path, node.lineno).encode()
    start = len(line[: node.col_offset].decode(errors="ignore")) + 1
    if node.end_lineno is None or node.end_col_offset is None:
        return Span(path, node.lineno, start)
    end = linecache.getline(path, node.end_lineno).encode()[: node.end_col_offset].decode(errors="ignore")
    return Span(path, node.lineno, start, node.end_lineno, len(end) + 1)
