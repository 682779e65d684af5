"""Configuration classes: which one a constructor means, and how to make it with defaults and few layers."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from torch import nn

from ..namespace import Names
from ..tables.configuration_names import CLASSES, DEPTHS, LISTS_OF_DEPTHS, MAIN_DEPTHS, PARAMETERS
from ..values import Arguments, Items, Value, Written, call, is_plain

FEW = 2
"""Layers that are left of a deep stack. The second one shows what repeats."""

LEVELS = 3
"""Levels of cutting: 0 cuts all stacks, 1 those that are surely stacks of layers, 2 none."""


def is_configuration_name(name: str) -> bool:
    """Whether a constructor's parameter with that name is a configuration."""
    return PARAMETERS.fullmatch(name.lower()) is not None


def is_configuration_class(value: Any) -> bool:
    """Whether a class is a configuration class: by its name, which named tuples may have too, or as a dataclass."""
    if not isinstance(value, type) or issubclass(value, (nn.Module, str, int, float, list)):
        return False
    if issubclass(value, tuple) and not hasattr(value, "_fields"):
        return False
    return CLASSES.fullmatch(value.__name__) is not None or dataclasses.is_dataclass(value)


def has_attribute(cls: type, name: str) -> bool:
    """Whether a configuration with defaults has an attribute. False if it cannot be made."""
    try:
        return hasattr(cls(), name)
    except Exception:
        return False


def find_configuration(owner: type, names: Names, declared: bool = True) -> list[type]:
    """The configuration classes that `owner` may mean, the likeliest first.

    The one that it declares (`config_class` of transformers, unless not `declared`), else those with similar names.
    """
    own = getattr(owner, "config_class", None)
    if declared and isinstance(own, type):
        return [own]
    found = {id(v): v for n, v in names.values.items() if isinstance(v, type) and CLASSES.fullmatch(v.__name__)}
    return sorted(found.values(), key=lambda cls: -_common(owner.__name__, cls.__name__))


def _common(left: str, right: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))


def configuration(cls: type, names: Names, given: Arguments, level: int, depth: int = 0) -> Value:
    """The call that makes a configuration: what is `given`, its defaults, stacks cut as `level` says, and no cache.

    Raises what the class raises.
    """
    instance = eval(call("_aotlens_configuration", given), {**names.values, "_aotlens_configuration": cls})
    changes: Arguments = {}
    parameters = _parameters(cls)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    attributes = {name: value for name, value in _attributes(instance).items() if name in parameters or takes_any}
    for name, value in attributes.items():
        if name in given and depth == 0:
            continue
        if name == "use_cache" and value is True:
            changes[name] = Written("False")
        elif name not in parameters:
            continue
        elif depth < 3 and is_part(value, instance):
            if (given_to_part := _given(value)) is None:
                continue
            part = configuration(type(value), names, given_to_part, level, depth + 1)
            if part.expression != f"{names.of(type(value))}()":
                changes[name] = part
        elif (cut := _cut(name, value, level)) is not None:
            changes[name] = cut
    return Written(call(names.of(cls), {**given, **changes}))


def _given(part: Any) -> Arguments | None:
    """The arguments by which a part of a configuration differs from its defaults; None if they cannot be written."""
    cls, found = type(part), _attributes(part)
    usual = _made(cls, {})
    names = [name for name in _parameters(cls) if name in found and not is_part(found[name], part)]
    given = {name: found[name] for name in names if name not in usual or not _is_equal(usual[name], found[name])}
    if not all(map(is_plain, given.values())):
        return None
    for name in list(given):  # computed from the others
        others = {key: value for key, value in given.items() if key != name}
        if _is_equal(_made(cls, others).get(name), given[name]):
            given = others
    return {name: Written(repr(value)) for name, value in given.items()}


def _made(cls: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a configuration; none if it refuses its arguments."""
    try:
        return _attributes(cls(**arguments))
    except Exception:
        return {}


def _is_equal(a: Any, b: Any) -> bool:
    """Whether two values are surely equal."""
    return type(a) is type(b) and repr(a) == repr(b)


def is_part(value: Any, whole: Any) -> bool:
    """Whether a value is a configuration within another one."""
    if value is None or isinstance(value, (type, str, int, float, list, tuple, dict, set)):
        return False
    bases = set(type(value).__mro__) & set(type(whole).__mro__) - {object}
    of_fields = dataclasses.is_dataclass(value) and dataclasses.is_dataclass(whole)
    return (bool(bases) or of_fields) and is_configuration_class(type(value))


def _cut(name: str, value: Any, level: int) -> Value | None:
    if level >= LEVELS - 1:
        return None
    pattern = DEPTHS if level == 0 else MAIN_DEPTHS
    if type(value) is int and value > FEW and pattern.fullmatch(name):
        return Written(str(FEW))
    is_list = level == 0 and isinstance(value, (list, tuple)) and LISTS_OF_DEPTHS.fullmatch(name) is not None
    if is_list and all(type(item) is int for item in value) and any(item > FEW for item in value):
        return Items(tuple(Written(str(min(item, FEW))) for item in value), isinstance(value, list))
    return None


def cut_parameters(cls: type, level: int) -> Arguments:
    """The parameters of a constructor whose default is a deep stack, with fewer layers."""
    found: Arguments = {}
    for name, parameter in _parameters(cls).items():
        cut = _cut(name, parameter.default, level)
        if cut is not None:
            found[name] = cut
    return found


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(cls).parameters)
    except (TypeError, ValueError):
        return {}


def _attributes(instance: Any) -> dict[str, Any]:
    if isinstance(instance, dict):
        return {}
    return {name: value for name, value in getattr(instance, "__dict__", {}).items() if not name.startswith("_")}
