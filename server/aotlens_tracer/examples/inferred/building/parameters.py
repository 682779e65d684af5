"""The parameters of constructors and functions, and their annotations."""

from __future__ import annotations

import ast
import builtins
import inspect
import types
import typing
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..reading.definitions import constructor_of, definition_of
from .usage import PassedOn, Usage

VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
"""The kinds of `*args` and `**kwargs`."""


def parameters_of(cls: type) -> dict[str, inspect.Parameter]:
    """The parameters of the constructor by name, with those that it passes on with `**` to the next class's."""
    found: dict[str, inspect.Parameter] = {}
    passing: _Passing | None = None
    for base in cls.__mro__:
        own = vars(base).get("__init__")
        if own is None and base is not cls:
            continue
        if passing is not None and passing.base not in (None, base.__name__):
            continue
        try:
            parameters = inspect.signature(cls if base is cls else base).parameters
        except (TypeError, ValueError):
            return found
        given = passing.given(list(parameters)) if passing is not None else set()
        rest = [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
        for name, parameter in parameters.items():
            if name not in given and (base is cls or parameter.kind not in VARIABLE):
                found.setdefault(name, parameter)
        for parameter in rest:
            found.update(_passed_on_to_another(base, parameter.name, found))
        definition = definition_of(own) if own is not None else None
        passing = _passing(definition, rest[0].name) if rest and definition is not None else None
        if passing is None:
            break
    return found


def _passed_on_to_another(base: type, rest: str, found: dict[str, inspect.Parameter]) -> dict[str, inspect.Parameter]:
    """The parameters of the class that `base` builds with `**rest`, without those that it passes itself."""
    passed = Usage(base).mappings.get(rest)
    if passed is None or issubclass(passed.target, base):
        return {}
    beside = given_beside(passed)
    inner = parameters_of(passed.target)
    return {name: parameter for name, parameter in inner.items() if name not in beside and name not in found}


def given_beside(passed: PassedOn) -> set[str | None]:
    """The arguments that a constructor gets beside those that are passed on to it with `**`."""
    named = [name for name, parameter in parameters_of(passed.target).items() if parameter.kind not in VARIABLE]
    return {*passed.names, *named[: passed.positional]}


@dataclass(frozen=True)
class _Passing:
    """A call of another class's `__init__` with `**`: beside so many positional arguments, and these names.

    `base` is the name of the class; None for the next one.
    """

    base: str | None
    positional: int
    names: frozenset[str | None]

    def given(self, parameters: list[str]) -> set[str | None]:
        """The parameters of that class that the call gives itself."""
        return {*self.names, *parameters[: self.positional]}


def _passing(definition: ast.AST, rest: str) -> _Passing | None:
    """How a constructor calls that of a base class with `**rest`; None if it does not."""
    for node in ast.walk(definition):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "__init__"
            and any(word.arg is None and getattr(word.value, "id", None) == rest for word in node.keywords)
        ):
            count = sum(not isinstance(argument, ast.Starred) for argument in node.args)
            names = frozenset(word.arg for word in node.keywords)
            owner = node.func.value
            if isinstance(owner, ast.Call):  # super()
                return _Passing(None, count, names)
            return _Passing(ast.unparse(owner).rpartition(".")[2], max(count - 1, 0), names)
    return None


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
