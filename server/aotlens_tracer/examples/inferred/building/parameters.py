"""The parameters of constructors and functions, and their annotations."""

from __future__ import annotations

import ast
import builtins
import inspect
import types
import typing
from typing import Any

from torch import nn

from ..reading.definitions import constructor_of, definition_of
from .usage import Usage

VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
"""The kinds of `*args` and `**kwargs`."""


def parameters_of(cls: type) -> dict[str, inspect.Parameter]:
    """The parameters of the constructor by name, with those that it passes on with `**` to the next class's."""
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        own = vars(base).get("__init__")
        if own is None and base is not cls:
            continue
        try:
            parameters = dict(inspect.signature(cls if base is cls else base).parameters)
        except (TypeError, ValueError):
            return found
        rest = [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
        for name, parameter in parameters.items():
            if base is cls or parameter.kind not in VARIABLE:
                found.setdefault(name, parameter)
        for parameter in rest:
            found.update(_passed_on_to_another(base, parameter.name, found))
        definition = definition_of(own) if own is not None else None
        if not rest or definition is None or not _passes_on(definition, rest[0].name):
            break
    return found


def _passed_on_to_another(base: type, rest: str, found: dict[str, inspect.Parameter]) -> dict[str, inspect.Parameter]:
    """The parameters of the class that `base` builds with `**rest`, without those that it passes itself."""
    mappings = Usage(base).mappings
    if rest not in mappings:
        return {}
    target, beside = mappings[rest]
    inner = parameters_of(target) if not issubclass(target, base) else {}
    return {name: parameter for name, parameter in inner.items() if name not in beside and name not in found}


def _passes_on(definition: ast.AST, rest: str) -> bool:
    """Whether a constructor calls the next one with `**rest`."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        and any(word.arg is None and getattr(word.value, "id", None) == rest for word in node.keywords)
        for node in ast.walk(definition)
    )


def positional_only(cls: type) -> int:
    """The number of parameters that can only be passed by position."""
    return sum(p.kind is p.POSITIONAL_ONLY for p in parameters_of(cls).values())


def annotation_of(parameter: inspect.Parameter, function: Any) -> Any:
    """A parameter's annotation as an object; None if there is none or its names cannot be resolved.

    `function` is the function that has the parameter, or the class for a constructor.
    """
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return None
    if not isinstance(annotation, str):
        return annotation
    target = constructor_of(function) if isinstance(function, type) else function
    scope = getattr(inspect.unwrap(target), "__globals__", {})
    try:
        return eval(annotation, {**vars(builtins), **vars(typing), **scope})
    except Exception:
        return None


def is_union(annotation: Any) -> bool:
    """Whether an annotation is `Union[...]`, `Optional[...]` or `A | B`."""
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def declared_modules(cls: type) -> set[str]:
    """The constructor's parameters whose annotation names a module class that is not torch's."""
    return {name for name, parameter in parameters_of(cls).items() if _names_module(annotation_of(parameter, cls))}


def _names_module(annotation: Any) -> bool:
    members = typing.get_args(annotation) if is_union(annotation) else (annotation,)
    modules = [member for member in members if isinstance(member, type) and issubclass(member, nn.Module)]
    return bool(modules) and not any(module.__module__.startswith("torch.") for module in modules)
