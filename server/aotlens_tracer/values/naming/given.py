"""A name that the code gives to dimensions of a value, and sizes as the code writes them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

MOST_TEXT = 24
"""Characters of a size that serves as a name."""
_OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//"}


@dataclass(frozen=True)
class Given:
    """Names of dimensions of the value of an expression, or of an argument: None where there is no name.

    They count from the first dimension, with `from_end` to the last one. With `is_all`, the value has exactly these.
    With `of_items`, they are those of the tensors in the value.
    `rank` is 0 for the names that fit best.
    """

    node: ast.expr | ast.arg
    names: tuple[str | None, ...]
    rank: int
    from_end: bool = False
    is_all: bool = False
    of_items: bool = False

    def on(self, rank: int) -> dict[int, str]:
        """Return the names of the axes of a tensor with `rank` dimensions; none if they do not fit."""
        if len(self.names) > rank or (self.is_all and len(self.names) != rank):
            return {}
        start = rank - len(self.names) if self.from_end else 0
        return {start + place: name for place, name in enumerate(self.names) if name is not None}


SHAPE, ANNOTATION, CONSTRUCTOR, PASSED, PATTERN, LETTERS = range(6)
"""The ranks: read from a shape, in an annotation, passed to a constructor, passed to torch, in a pattern of einops or
to `split`, in one of `einsum`."""


def size_text(node: ast.expr) -> str | None:
    """Return a size as a name: `config.n_embd` is `n_embd`. None for a number, and for what is not made of names."""
    text = _text(node)
    if text is None or len(text) > MOST_TEXT or text.isdigit():
        return None
    return text


def _text(node: ast.expr, is_part: bool = False) -> str | None:
    if isinstance(node, ast.Name):
        return node.id if node.id != "_" else None
    if isinstance(node, ast.Attribute):
        return node.attr if _is_path(node.value) else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and _is_path(node.value):
        return node.slice.value if isinstance(node.slice.value, str) and node.slice.value.isidentifier() else None
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return str(node.value) if node.value >= 0 else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "int":
        return _text(node.args[0], is_part) if len(node.args) == 1 else None
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _text(node.left, is_part=True), _text(node.right, is_part=True)
        if left is None or right is None or (left.isdigit() and right.isdigit()):
            return None
        text = f"{left} {_OPERATORS[type(node.op)]} {right}"
        return f"({text})" if is_part else text
    return None


def _is_path(node: ast.expr) -> bool:
    """Whether an expression is a name with attributes: `self.config`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def number_of(node: ast.expr | None) -> int | None:
    """Return the number that the code writes; None if it writes something else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = number_of(node.operand)
        return -number if number is not None else None
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None
