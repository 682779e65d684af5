"""The values that the arguments of a written call have: tensors by shape and dtype, and literals."""

from __future__ import annotations

import ast

from ..values import Entries, Items, Tensor, Value, Written

_FACTORIES = ("randn", "rand", "zeros", "ones", "empty")


def value_of(node: ast.expr) -> Value | None:
    """Return the value that an expression makes; None for one that is no literal, and that torch makes otherwise."""
    if isinstance(node, ast.Constant):
        return Written(ast.unparse(node))
    if isinstance(node, (ast.Tuple, ast.List)):
        items = [value_of(each) for each in node.elts]
        known = tuple(each for each in items if each is not None)
        return Items(known, isinstance(node, ast.List)) if len(known) == len(items) else None
    if isinstance(node, ast.Dict):
        keys = [each.value if isinstance(each, ast.Constant) else None for each in node.keys]
        values = [value_of(each) for each in node.values]
        entries = tuple((k, v) for k, v in zip(keys, values) if isinstance(k, (str, int)) and v is not None)
        return Entries(entries) if len(entries) == len(values) else None
    return _tensor(node) if isinstance(node, ast.Call) else None


def _tensor(call: ast.Call) -> Tensor | None:
    callee = call.func
    if not isinstance(callee, ast.Attribute) or not isinstance(callee.value, ast.Name) or callee.value.id != "torch":
        return None
    given = {each.arg: each.value for each in call.keywords}
    dtype = given.pop("dtype", None)
    name = dtype.attr if isinstance(dtype, ast.Attribute) else None
    if given or (dtype is not None and name is None):
        return None
    numbers = [_integers(each) for each in call.args]
    if any(each is None for each in numbers):
        return None
    if callee.attr == "randint":
        high, shape = numbers if len(numbers) == 2 else (None, None)
        return Tensor(shape, name or "int64", high[0]) if shape is not None and high else None
    sizes = tuple(size for each in numbers for size in each or ())
    return Tensor(sizes, name or "float32") if callee.attr in _FACTORIES else None


def _integers(node: ast.expr) -> tuple[int, ...] | None:
    """Return the integers of one argument: a number, or a tuple or list of numbers; None for anything else."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    values = [each.value if isinstance(each, ast.Constant) else None for each in parts]
    numbers = tuple(each for each in values if type(each) is int)
    return numbers if len(numbers) == len(values) else None
