"""A batch whose items a step passes to a module by name, `model(**batch)`: the module that takes them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn


def taker_of(name: str, body: Sequence[ast.stmt], namespace: Mapping[str, Any]) -> nn.Module | None:
    """Return the module that takes the items of the dictionary `name`, or of a copy of it; None if there is none."""
    names = {name}
    for node in body:
        if isinstance(node, ast.Assign) and _copied(node.value) in names:
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for call in (node for part in body for node in ast.walk(part)):
        if isinstance(call, ast.Call) and any(_is_spread(each, names) for each in call.keywords):
            called = _value(call.func, namespace)
            if isinstance(called, nn.Module):
                return called
    return None


def _copied(value: ast.expr) -> str | None:
    """Return the name of a dictionary in `{k: v.to(device) for k, v in NAME.items()}`, or of a plain name."""
    if isinstance(value, ast.DictComp) and isinstance(value.generators[0].iter, ast.Call):
        method = value.generators[0].iter.func
        value = method.value if isinstance(method, ast.Attribute) and method.attr == "items" else value
    return value.id if isinstance(value, ast.Name) else None


def _is_spread(keyword: ast.keyword, names: set[str]) -> bool:
    return keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id in names


def _value(callee: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """Return what a name or an attribute of a name is; None for other expressions, and if it is not known."""
    if isinstance(callee, ast.Name):
        return namespace.get(callee.id)
    if isinstance(callee, ast.Attribute):
        return getattr(_value(callee.value, namespace), callee.attr, None)
    return None
