"""The computation that an expression makes, without the names of what it computes with."""

from __future__ import annotations

import ast

_OPERATORS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
}
_LONGEST = 1000
"""The characters up to which all versions of Python parse the same texts: a lock is the same under each of them."""


def callee_of(label: str) -> str:
    """`softmax(...)` for `F.softmax(scores, dim=-1)`, `... + ...` for `x + y`; empty for what is none of these.

    It stays the same if a local variable gets another name, or if an operand is computed on a line of its own.
    """
    if len(label) > _LONGEST:
        return ""
    try:
        node: ast.AST = ast.parse(label.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    if isinstance(node, ast.Call):
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
        return f"{name}(...)" if name is not None else ""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return f"... {_OPERATORS[type(node.op)]} ..."
    return ""
