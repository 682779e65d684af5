"""The syntax of functions, and what it says without being followed."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from ..tables.operations import SIZED

DEFINITION = "_aotlens_definition"
"""The attribute of a function that was compiled from a syntax tree, and whose source is no `def`: that tree."""


@functools.cache
def definition_of(function: Callable[..., Any]) -> ast.FunctionDef | None:
    """The syntax of a function; None if its source cannot be read, or is no `def`."""
    known: ast.FunctionDef | None = getattr(function, DEFINITION, None)
    if known is not None:
        return known
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    node = tree.body[0] if tree.body else None
    return node if isinstance(node, ast.FunctionDef) else None


def constructor_of(cls: type) -> Callable[..., Any]:
    """The `__init__` of a class."""
    function: Callable[..., Any] = getattr(cls, "__init__")  # noqa: B009  # mypy: as of an instance, it is unsound
    return function


def positional_names(function: Callable[..., Any]) -> list[str]:
    """The names of a method's positional parameters, without the first."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in kinds][1:]


def raises_alone(function: Callable[..., Any]) -> bool:
    """Whether a function does nothing but raise NotImplementedError: it is left to subclasses."""
    definition = definition_of(function)
    statements = statements_of(definition) if definition is not None else []
    if len(statements) != 1 or not isinstance(statements[0], ast.Raise):
        return False
    return any(isinstance(n, ast.Name) and n.id == "NotImplementedError" for n in ast.walk(statements[0]))


def statements_of(definition: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function that do something: neither a docstring, nor `...`, nor `pass`."""
    return [
        node
        for node in definition.body
        if not isinstance(node, ast.Pass) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


@functools.cache
def sizes_in(function: Callable[..., Any]) -> frozenset[str]:
    """The names that a function uses as sizes: in `range`, or to make a tensor of a size."""
    definition = definition_of(function)
    found: set[str] = set()
    for node in ast.walk(definition) if definition is not None else ():
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", None)) in SIZED:
            for argument in node.args:
                parts = list(argument.elts) if isinstance(argument, (ast.Tuple, ast.List)) else [argument]
                parts += [side for part in parts if isinstance(part, ast.BinOp) for side in (part.left, part.right)]
                found.update(part.id for part in parts if isinstance(part, ast.Name))
    return frozenset(found)
