"""The values that a line of source names: `x`, `self.fc2`, `batch["mask"]`, read without running any code."""

from __future__ import annotations

import ast
import functools
import linecache
import types
from collections.abc import Iterator
from typing import Any

from torch import nn

MISSING = object()
"""The value of an expression that is not known."""
_VIEWS = (
    "view",
    "reshape",
    "transpose",
    "permute",
    "expand",
    "unsqueeze",
    "squeeze",
    "flatten",
    "contiguous",
    "detach",
)
"""Methods whose result has the type and the device of the tensor that they belong to."""


def named_values(frame: types.FrameType, line: int) -> list[tuple[str, Any]]:
    """Return the names, attributes and items in the statement at `line` with their values, in the order of the text.

    Properties and `__getattr__` are not called: what only they know is left out. A `raise` in an `if` counts with the
    condition.
    """
    found: dict[str, Any] = {}
    for node in _expressions(frame.f_code.co_filename, line):
        value = value_of(node, frame)
        if value is not MISSING:
            found.setdefault(ast.unparse(node), value)
    return list(found.items())


def _expressions(path: str, line: int) -> Iterator[ast.expr]:
    statement, guard = _statement(path, line)
    if statement is None:
        return
    parts = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
    changed = statement.target if isinstance(statement, ast.AugAssign) else None
    for part in (*parts, guard) if guard is not None else parts:
        for node in ast.walk(part):
            if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
                continue
            if isinstance(node.ctx, ast.Load) or node is changed:
                yield node


@functools.lru_cache(maxsize=64)
def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def arguments_in(text: str) -> list[str]:
    """Return how an expression writes the arguments of the operation that it calls, as far as they are in order.

    The tensor that a method belongs to, and the left side of an operator, are the first.
    """
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return []
    if isinstance(node, ast.BinOp):
        return [ast.get_source_segment(text, each) or "" for each in (node.left, node.right)]
    if not isinstance(node, ast.Call) or any(isinstance(each, ast.Starred) for each in node.args):
        return []
    return [ast.get_source_segment(text, each) or "" for each in node.args]


def viewed_in(text: str) -> str | None:
    """Return the tensor that an expression takes a part or a view of: `self.pe[:, :4].unsqueeze(0)` one of `self.pe`.

    None for any other expression.
    """
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    whole = node
    while True:
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _VIEWS:
            node = node.func.value
        else:
            return ast.unparse(node) if node is not whole and isinstance(node, (ast.Name, ast.Attribute)) else None


def tree_of(path: str) -> ast.Module | None:
    """Return the syntax tree of a file; None if it cannot be read or is not Python."""
    return _tree("".join(linecache.getlines(path)))


def _statement(path: str, line: int) -> tuple[ast.stmt | None, ast.expr | None]:
    """Return the innermost statement at a line, and the condition of the `if` that a `raise` stands in."""
    tree = tree_of(path)
    innermost: ast.stmt | None = None
    guard: ast.expr | None = None
    pending: list[tuple[ast.AST, ast.expr | None]] = [(tree, None)] if tree is not None else []
    while pending:
        node, condition = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt) and child.lineno <= line <= (child.end_lineno or child.lineno):
                innermost, guard = child, condition if isinstance(child, ast.Raise) else None
                pending.append((child, child.test if isinstance(child, ast.If) else None))
            elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                pending.append((child, None))
    return innermost, guard


def value_of(node: ast.expr, frame: types.FrameType) -> Any:
    """Return the value of a name, attribute or item in a frame; MISSING if it has none, or is none of these."""
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id, MISSING))
    if isinstance(node, ast.Attribute):
        owner = value_of(node.value, frame)
        return MISSING if owner is MISSING else _attribute(owner, node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        owner, key = value_of(node.value, frame), node.slice.value
        if isinstance(owner, (nn.ModuleList, nn.Sequential, nn.ModuleDict)):
            return dict(nn.Module.named_children(owner)).get(str(key), MISSING)
        if type(owner) is dict:
            return owner.get(key, MISSING)
        if type(owner) in (list, tuple) and isinstance(key, int) and -len(owner) <= key < len(owner):
            return owner[key]
    return MISSING


def _attribute(owner: Any, name: str) -> Any:
    """Return what an object itself, or a module among its state, keeps under a name."""
    try:
        own = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        return MISSING
    if not isinstance(own, dict):
        return MISSING
    kept = [own]
    if isinstance(owner, nn.Module):
        kept += [own.get(state, {}) for state in ("_parameters", "_buffers", "_modules")]
    return next((each[name] for each in kept if name in each), MISSING)
