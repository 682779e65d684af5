"""Defaults that other classes of the package have for a parameter of the same name."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from ..values import Value, Written, is_plain
from .networks import classes_of_package


@functools.cache
def default_elsewhere(owner: type, name: str) -> Value | None:
    """The word, or the tuple that begins with a word, which is most often the default of a parameter with that name.

    Classes of the same file count first. None if no class has such a default.
    """
    found: dict[bool, list[str]] = {True: [], False: []}
    for cls in classes_of_package(owner):
        try:
            parameter = inspect.signature(cls).parameters.get(name)
        except (TypeError, ValueError):
            continue
        if parameter is not None and _is_word(parameter.default):
            found[cls.__module__ == owner.__module__].append(repr(parameter.default))
    values = found[True] or found[False]
    return Written(max(sorted(set(values)), key=values.count)) if values else None


def _is_word(value: Any) -> bool:
    if isinstance(value, (tuple, list)) and value:
        return _is_word(value[0]) and is_plain(value)
    return type(value) is str and value != ""
