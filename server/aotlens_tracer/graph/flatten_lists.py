"""The places where a class of tensor subclasses names its pieces: in `__tensor_flatten__`, or in a list of its own."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator

import torch

from ..loading.definitions import definitions, line_of
from ..wire.places import Span
from .flatten_protocol import file_of
from .stack_traces import code_point_column

_ADDING = ("append", "extend", "insert")
"""Methods of a list through which `__tensor_flatten__` may add names to it."""


@functools.cache
def listed_at(kind: type, name: str) -> Span | None:
    """Return the place of the string with a piece's name; None if no list in the code of the class has it.

    It is looked for in `__tensor_flatten__`, and then in the lists in the body of the class and of its base classes,
    which that method may return (`tensor_data_names = ["qdata", "scale"]` in torchao).
    """
    for path, strings in _lists(kind):
        for node in strings:
            if node.value == name:
                return _span(path, node)
    return None


def _lists(kind: type) -> Iterator[tuple[str, Iterable[ast.Constant]]]:
    """The strings in the lists of the flatten method, and then those in the lists of each class."""
    classes = [(path, node) for each in kind.__mro__ for path, node in _class(each)]
    for path, node in classes:
        methods = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__tensor_flatten__"]
        if methods:
            yield path, [string for method in methods for string in _listed(method)]
            break
    for path, node in classes:
        yield (
            path,
            [string for one in node.body if isinstance(one, (ast.Assign, ast.AnnAssign)) for string in _listed(one)],
        )


def _class(kind: type) -> Iterator[tuple[str, ast.ClassDef]]:
    """The definition of a class, with its file; nothing for torch's own tensors and for a class that no file has."""
    if kind in (object, torch.Tensor, torch.nn.Parameter):
        return
    path = file_of(kind)
    if path is None:
        return
    line = line_of(kind, path)
    for name, node in definitions(path):
        if name == kind.__qualname__ and isinstance(node, ast.ClassDef) and node.lineno == line:
            yield path, node


def _listed(node: ast.AST) -> Iterator[ast.Constant]:
    """The strings that are items of lists and tuples, or are added to a list, in the order of the code."""
    found: list[ast.expr] = []
    for inner in ast.walk(node):
        if isinstance(inner, (ast.List, ast.Tuple)):
            found += inner.elts
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in _ADDING:
            found += inner.args
    strings = [each for each in found if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    yield from sorted(strings, key=lambda each: (each.lineno, each.col_offset))


def _span(path: str, node: ast.Constant) -> Span:
    end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    start = code_point_column(path, node.lineno, node.col_offset)
    return Span(path, node.lineno, start, end_line, code_point_column(path, end_line, end))
