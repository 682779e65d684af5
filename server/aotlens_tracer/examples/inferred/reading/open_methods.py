"""Methods that a class leaves to its subclasses, and constructors that take any number of arguments."""

from __future__ import annotations

import inspect
import re

from .definitions import raises_alone

_REFUSED = re.compile(r"(\w+)\(\) (?:takes|got|missing) ")


def is_refused_by_an_open_method(cls: type, error: BaseException) -> bool:
    """Whether a method of `cls` that only raises refuses its arguments: a subclass has one that takes them."""
    found = _REFUSED.search(str(error)) if isinstance(error, TypeError) else None
    method = getattr(cls, found[1], None) if found is not None else None
    return inspect.isfunction(method) and raises_alone(method)


def takes_any_number(cls: type) -> bool:
    """Whether the constructor takes `*args`: nobody knows how many there should be."""
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
