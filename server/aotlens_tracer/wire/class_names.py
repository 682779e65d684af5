"""The names of a class as Python keeps them: a metaclass of the user's may answer anything, or raise."""

from __future__ import annotations


def name_of_type(kind: type) -> str:
    """Return the qualified name of a class."""
    name: str = type.__dict__["__qualname__"].__get__(kind)
    return name


def module_of_type(kind: type) -> str:
    """Return the name of the module in which a class was made; empty if that is no name."""
    module = type.__dict__["__module__"].__get__(kind)
    return module if isinstance(module, str) else ""
