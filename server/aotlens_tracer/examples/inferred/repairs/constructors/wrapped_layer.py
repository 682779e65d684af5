"""Pass the layer that the code wants which the constructor hands its argument to: by `isinstance`, or by attributes."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from ...building.construction import Construction
from ...building.networks import layers_with, public_layers
from ...building.parameters import declared_modules
from ...reading.definitions import definition_of
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..places import Place
from ..rule import Proposals, Rule

_DEEPEST = 5
"""Functions that a value is followed into, one from the other."""
_MOST = 8
"""Layers that are proposed for one argument."""
_STAND_INS = (int, nn.Module, types.SimpleNamespace)
"""Kinds of values that are passed for an unknown layer."""
_PASSED_ON = frozenset(("isinstance", "hasattr", "getattr", "len", "type", "id", "print", "super"))


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    if failed.receiver is None:
        return
    declared = declared_modules(construction.cls)
    for name, given in failed.arguments.items():
        passed = failed.receiver.f_locals.get(name)
        if name in declared or not isinstance(passed, _STAND_INS) or isinstance(passed, bool):
            continue
        found = (text for place in failed.users() for text in _wanted(place, passed, construction))
        wanted = list({_class_name(text): text for text in found}.values())
        own = construction.cls.__name__.lower()
        # `Conv2d(base_layer)` wraps the layer whose name it has.
        wanted.sort(key=lambda text: _class_name(text).lower() not in own)
        for text in wanted[:_MOST]:
            if text != given.expression:
                yield {**failed.arguments, name: Written(text)}


def _wanted(place: Place, passed: object, construction: Construction) -> Iterator[str]:
    """The layers that a function on the way to the failure wants in the place of `passed`, as expressions."""
    function = place.function
    if function is None:
        return
    aliases = {
        ast.unparse(node)
        for node in ast.walk(function)
        if isinstance(node, (ast.Name, ast.Attribute))
        and isinstance(node.ctx, ast.Load)
        and place.value(node) is passed
    }
    if aliases:
        scope = {**place.frame.f_globals, **place.variables}
        kinds, attributes = _uses(function, aliases, scope, 0)
        yield from _layers(kinds, attributes, construction)


def _uses(function: ast.AST, aliases: set[str], scope: dict[str, Any], depth: int) -> tuple[list[type], list[str]]:
    """The classes that `isinstance` compares a value with, and its attributes, where `aliases` stand for the value."""
    kinds: list[type] = []
    attributes: list[str] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in aliases:
            attributes.append(node.attr)
        if not isinstance(node, ast.Call):
            continue
        place = next((i for i, item in enumerate(node.args) if ast.unparse(item) in aliases), None)
        if place is None:
            continue
        if isinstance(node.func, ast.Name) and node.func.id in _PASSED_ON:
            if node.func.id == "isinstance" and len(node.args) == 2:
                kinds += _classes(node.args[1], scope)
        elif depth < _DEEPEST and (callee := _callee(node, scope)) is not None and place < len(callee.parameters):
            more = _uses(callee.definition, {callee.parameters[place]}, callee.scope, depth + 1)
            kinds, attributes = kinds + more[0], attributes + more[1]
    return kinds, attributes


def _classes(node: ast.expr, scope: dict[str, Any]) -> Iterator[type]:
    for item in node.elts if isinstance(node, ast.Tuple) else [node]:
        found = _resolved(item, scope)
        for kind in found if isinstance(found, tuple) else (found,):
            if isinstance(kind, type) and issubclass(kind, nn.Module):
                yield kind


@dataclass(frozen=True)
class _Callee:
    """A function of the user's that is called: its syntax, the parameters that are passed, and its names."""

    definition: ast.FunctionDef
    parameters: list[str]
    scope: dict[str, Any]


def _callee(call: ast.Call, scope: dict[str, Any]) -> _Callee | None:
    found = _resolved(call.func, scope)
    function = inspect.unwrap(found) if isinstance(found, (types.FunctionType, types.MethodType)) else None
    definition = definition_of(function) if function is not None else None
    if function is None or definition is None:
        return None
    names = [argument.arg for argument in (*definition.args.posonlyargs, *definition.args.args)]
    values = [_resolved(argument, scope) for argument in call.args]
    passed = names
    if isinstance(found, types.MethodType):
        values, passed = [found.__self__, *values], names[1:]
    inner = {**getattr(function, "__globals__", {}), **dict(zip(names, values))}
    if values:
        plain = getattr(found, "__func__", found)
        owners = [kind for kind in type(values[0]).__mro__ if vars(kind).get(plain.__name__) is plain]
        inner |= {"__class__": owners[0]} if owners else {}
    return _Callee(definition, passed, inner)


def _resolved(node: ast.expr, scope: dict[str, Any]) -> Any:
    """The value of a name with attributes, or of `super()`; None if it has none."""
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    try:
        if isinstance(node, ast.Call) and ast.unparse(node) == "super()":
            return super(scope["__class__"], scope["self"])
        if isinstance(node, ast.Attribute):
            owner = _resolved(node.value, scope)
            return getattr(owner, node.attr, None) if owner is not None else None
    except Exception:  # properties of the user's may raise anything
        return None
    return None


def _class_name(text: str) -> str:
    """The name of the class that an expression builds."""
    callee = ast.parse(text, mode="eval").body
    while isinstance(callee, ast.Call):
        callee = callee.func
    return callee.attr if isinstance(callee, ast.Attribute) else ast.unparse(callee)


def _layers(kinds: list[type], attributes: list[str], construction: Construction) -> Iterator[str]:
    for kind in kinds:
        for layer in public_layers(kind):
            yield construction.constructors.expression(layer, 1)
    yield from layers_with(attributes)


RULE = Rule("wrapped-layer", "the classes and attributes by which called code recognizes an argument", _propose)
