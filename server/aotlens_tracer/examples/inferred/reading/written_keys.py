"""Names in an `nn.ModuleDict` whose keys are all written in the constructor that makes it."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
from collections.abc import Iterator

from torch import nn

from .definitions import constructor_of, definition_of


def is_no_written_key(owner: nn.Module, modules: nn.ModuleDict, name: str) -> bool:
    """Whether `name` is surely no key of `modules`, whatever the constructor of `owner` is given.

    The keys are written where the constructor makes the dictionary, under no condition, and the name stands nowhere in
    the file but where it is read.
    """
    held = [attribute for attribute, child in owner.named_children() if child is modules]
    cls: type = type(owner)
    if len(held) != 1 or "__init__" not in vars(cls) or (definition := definition_of(constructor_of(cls))) is None:
        return False
    made = [node for node in ast.walk(definition) if isinstance(node, ast.Assign) and _sets(node, held[0])]
    if len(made) != 1 or made[0] not in definition.body or not _has_written_keys(made[0].value):
        return False
    named = _names_set_beside(cls)
    return named is not None and name not in named


def _sets(node: ast.Assign, attribute: str) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr == attribute for each in node.targets)


def _has_written_keys(node: ast.expr) -> bool:
    """Whether an expression is `nn.ModuleDict({...})` or `nn.ModuleDict(dict(...))` with nothing but written keys."""
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("ModuleDict") or len(node.args) != 1:
        return False
    given = node.args[0]
    if isinstance(given, ast.Dict):
        return all(isinstance(key, ast.Constant) for key in given.keys)
    if not isinstance(given, ast.Call) or ast.unparse(given.func) != "dict" or given.args:
        return False
    return all(keyword.arg for keyword in given.keywords)


@functools.cache
def _names_set_beside(cls: type) -> frozenset[str] | None:
    """The names in the file of a class that may become keys: strings, keywords and attributes that are assigned.

    None if its source cannot be read.
    """
    try:
        lines = linecache.getlines(inspect.getsourcefile(cls) or "")
        return frozenset(_names_set(ast.parse("".join(lines)))) if lines else None
    except (TypeError, SyntaxError, ValueError):
        return None


def _names_set(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
