"""The places in the user's code that give a tensor its type and device: assignments, and calls such as `.to`."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator

from torch import nn

from ..wire.class_names import module_of_type
from ..wire.descriptor_map import Span
from .written_names import tree_of

_CONVERSIONS = ("to", "half", "bfloat16", "float", "double", "cuda", "cpu", "type", "to_empty", "requires_grad_")


def assignment_of(owner: nn.Module, name: str) -> Span | None:
    """Return the value of the last `self.name = …` in the classes of a module; None if there is none."""
    for cls in type(owner).__mro__:
        path = getattr(sys.modules.get(module_of_type(cls)), "__file__", None)
        tree = tree_of(path) if path is not None and not module_of_type(cls).startswith("torch.") else None
        found = None
        for node in _class(tree, cls.__name__) if tree is not None else ():
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AnnAssign) and node.value is not None:
                targets = [node.target]
            if any(_is_attribute(target, name) for target in targets):
                found = node
        if found is not None and path is not None and isinstance(found, (ast.Assign, ast.AnnAssign)):
            return span_of_node(path, found.value) if found.value is not None else None
    return None


def with_conversions(span: Span) -> Span:
    """Return the span of a call together with the conversions that follow it: `nn.Linear(4, 4).to(torch.bfloat16)`."""
    tree = tree_of(span.path)
    inner, found = span, span
    for node in reversed(list(ast.walk(tree))) if tree is not None else ():  # inner nodes come last
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in _CONVERSIONS and span_of_node(span.path, node.func.value) == inner:
            inner = found = span_of_node(span.path, node) or found
    return found


def span_of_node(path: str, node: ast.expr | ast.arg) -> Span | None:
    """Return the span of a node, in code points."""
    lines = linecache.getlines(path)
    if node.end_lineno is None or node.end_col_offset is None or node.end_lineno > len(lines):
        return None
    start = _column(lines[node.lineno - 1], node.col_offset)
    return Span(path, node.lineno, start, node.end_lineno, _column(lines[node.end_lineno - 1], node.end_col_offset))


def _column(line: str, offset: int) -> int:
    return len(line.encode()[:offset].decode(errors="replace")) + 1


def _class(tree: ast.Module, name: str) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == name:
            yield from sorted(ast.walk(node), key=lambda each: getattr(each, "lineno", 0))


def _is_attribute(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Attribute) and target.attr == name and ast.unparse(target.value) == "self"
