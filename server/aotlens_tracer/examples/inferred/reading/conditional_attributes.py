"""Attributes that are not always there: set under a condition, by a computed name, a subclass or another method."""

from __future__ import annotations

import ast
import functools
import inspect

from torch import nn

from .definitions import constructor_of, definition_of

_NAME_AT = {"add_module": 0, "register_module": 0, "register_parameter": 0, "register_buffer": 0, "setattr": 1}
"""Functions that set an attribute, by the position of its name."""


@functools.cache
def conditions_of(cls: type, attribute: str) -> tuple[str, ...] | None:
    """The names in the conditions under which the constructors of `cls` set an attribute, each once, innermost first.

    None if they never set it, or always do.
    """
    found: list[str] = []
    is_set = False
    for base in cls.__mro__:
        if base is nn.Module:
            break
        if "__init__" not in vars(base) or (definition := definition_of(constructor_of(base))) is None:
            continue
        for tests in _settings(definition, attribute, ()):
            if not tests:
                return None
            is_set = True
            found += [part.id for test in reversed(tests) for part in ast.walk(test) if isinstance(part, ast.Name)]
    return tuple(dict.fromkeys(found)) if is_set else None


def _settings(node: ast.AST, attribute: str, tests: tuple[ast.expr, ...]) -> list[tuple[ast.expr, ...]]:
    """For each assignment to the attribute: the conditions that it stands under, the outermost first."""
    if isinstance(node, ast.Attribute) and node.attr == attribute and isinstance(node.ctx, ast.Store):
        return [tests]
    if isinstance(node, ast.If):
        inside = (*tests, node.test)
        return [one for child in (*node.body, *node.orelse) for one in _settings(child, attribute, inside)]
    return [one for child in ast.iter_child_nodes(node) for one in _settings(child, attribute, tests)]


@functools.cache
def sets_computed_names(cls: type) -> bool:
    """Whether a method of `cls` sets attributes by computed names: `self.add_module(f"layer{i}", ...)`."""
    for base in cls.__mro__:
        if base is nn.Module:
            return False
        for method in vars(base).values():
            definition = definition_of(method) if inspect.isfunction(method) else None
            for node in ast.walk(definition) if definition is not None else ():
                if isinstance(node, ast.Call) and _sets_computed(node):
                    return True
    return False


def _sets_computed(call: ast.Call) -> bool:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = _NAME_AT.get(function)
    name = call.args[place] if place is not None and place < len(call.args) else None
    return name is not None and not isinstance(name, ast.Constant)


_CALLED_FIRST = ("__init__", "forward", "__call__")


@functools.cache
def is_set_by_another_method(cls: type, attribute: str) -> bool:
    """Whether a method that neither the constructor nor the call is sets an attribute: it has to be called before."""
    for base in cls.__mro__:
        if base is nn.Module:
            return False
        for name, method in vars(base).items():
            definition = definition_of(method) if inspect.isfunction(method) and name not in _CALLED_FIRST else None
            if definition is not None and _settings(definition, attribute, ()):
                return True
    return False


def is_set_by_a_subclass(cls: type, attribute: str) -> bool:
    """Whether a class leaves an attribute to its subclasses: the constructor of one sets it."""
    pending: list[type] = list(cls.__subclasses__())
    while pending:
        subclass = pending.pop()
        pending += subclass.__subclasses__()
        definition = definition_of(constructor_of(subclass)) if "__init__" in vars(subclass) else None
        if attribute in vars(subclass) or (definition is not None and _settings(definition, attribute, ())):
            return True
    return False
