"""The class of a tensor subclass: where it and its flatten protocol are written, and what it calls its context."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Sequence
from types import CodeType, FunctionType
from typing import Any

from ..failures import shown
from ..loading.definitions import line_of
from ..wire.places import Span

_LONGEST = 200
"""The number of characters of a text that is kept."""
_ADDRESS = " at 0x"


def place_of_flatten(kind: type) -> Span | None:
    """Return the place of `__tensor_flatten__`; None for a subclass that is not written in Python."""
    return place_of_method(kind, "__tensor_flatten__")


def place_of_method(kind: type, name: str) -> Span | None:
    """Return the place of a method of a class; None if it has none that is written in Python."""
    method = _method(kind, name)
    return Span(method.__code__.co_filename, method.__code__.co_firstlineno) if method is not None else None


@functools.cache
def place_of_class(kind: type) -> Span | None:
    """Return the line of the `class` statement; None for a class that no file has."""
    path = file_of(kind)
    line = line_of(kind, path) if path is not None else None
    return Span(path, line) if path is not None and line is not None else None


def file_of(kind: type) -> str | None:
    """Return the file that defines a class; None if no file does.

    A method knows it. The module of a class may be another one: `DTensor` says `torch.distributed.tensor`.
    """
    for member in vars(kind).values():
        function = getattr(member, "__func__", member)
        if isinstance(function, FunctionType) and function.__qualname__ == f"{kind.__qualname__}.{function.__name__}":
            code: CodeType = inspect.unwrap(function).__code__
            return code.co_filename
    try:
        return inspect.getsourcefile(kind)
    except TypeError:
        return None


def named_context(kind: type, context: Any) -> tuple[tuple[str, str], ...]:
    """Return the parts of the context that `__tensor_flatten__` returns: their names and texts.

    The names are those of `Subclass.context`. There are none for None, which means that there is no context.
    """
    if context is None:
        return ()
    if isinstance(context, dict):
        return tuple((str(name), text_of(value)) for name, value in context.items())
    if isinstance(context, (tuple, list)):
        names = _names_in_code(kind) or ()
        if len(names) != len(context):
            names = tuple(map(str, range(len(context))))
        return tuple((name, text_of(value)) for name, value in zip(names, context))
    return (("", text_of(context)),)


def text_of(value: Any) -> str:
    """Return the repr of a user's object, cut if it is long; the name of its class if that fails or has an address."""
    text = shown(value, _LONGEST)
    return f"<{type(value).__name__}>" if _ADDRESS in text else text


def _method(kind: type, name: str) -> FunctionType | None:
    method = inspect.getattr_static(kind, name, None)
    method = method.__func__ if isinstance(method, (classmethod, staticmethod)) else method
    method = inspect.unwrap(method) if callable(method) else method
    return method if isinstance(method, FunctionType) else None


@functools.cache
def _names_in_code(kind: type) -> tuple[str, ...] | None:
    """Return the names of a context that the code writes as a tuple or list; None if it is written otherwise."""
    method = _method(kind, "__tensor_flatten__")
    if method is None:
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    except (OSError, TypeError, SyntaxError):  # there is no source, or it is no function of its own
        return None
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    if len(returned) != 1 or not isinstance(returned[0], ast.Tuple) or len(returned[0].elts) != 2:
        return None
    context = returned[0].elts[1]
    return _distinct(context.elts) if isinstance(context, (ast.Tuple, ast.List)) else None


def _distinct(parts: Sequence[ast.expr]) -> tuple[str, ...]:
    """Return the last name of each expression, or its number where it has none or another one has the same."""
    names = [part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in parts]
    return tuple(name if name and names.count(name) == 1 else str(index) for index, name in enumerate(names))
