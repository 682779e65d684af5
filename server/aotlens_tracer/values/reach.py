"""The functions that a call may run, found without running it: by the names that their code uses.

A method is found in the classes of the module tree and in those that the code names, a function by the name that the
code has for it, also in a list or dict. Code objects tell the names, so nothing is parsed.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from torch import nn

from ..torch_private import hooks_of, kept_by
from ..wire.class_names import module_of_type

_MOST_ITEMS = 200
"""Items of a list or dict that are looked at."""
_CACHED = type(functools.lru_cache(lambda: None))
_DEPTH = 3
"""Modules in one another that a name is looked up in: `package.part.function`."""
_ALWAYS = ("forward", "__call__")
_NEVER = ("__init__", "__repr__", "__str__", "__init_subclass__", "__setstate__", "__getstate__", "__del__")
"""Methods with two underscores that no expression of a `forward` calls, unless it makes such an object."""


def reachable(
    function: Callable[..., Any], root: nn.Module | None, values: Iterable[Any], files: frozenset[str]
) -> set[types.FunctionType]:
    """Return the functions of some files that a call of `function` may run; `values` are its arguments."""
    reach = _Reach(files)
    for found in functions_in(function):
        reach.add_function(found)
    for module in root.modules() if root is not None else ():
        reach.add_class(type(module))
        kept = [value for _, value, is_buffer in kept_by(module) if not is_buffer]
        for value in (*kept, *hooks_of(module)):
            reach.add_value(value)
    for value in values:
        reach.add_value(value)
    return reach.run()


class _Reach:
    """The functions and classes that were found, and the names that their code uses."""

    def __init__(self, files: frozenset[str]) -> None:
        self._files = files
        self._names = set(_ALWAYS)
        self._functions: set[types.FunctionType] = set()
        self._classes: dict[type, dict[str, list[types.FunctionType]]] = {}
        self._waiting: list[types.FunctionType] = []

    def run(self) -> set[types.FunctionType]:
        """Follow all names, and return the functions that were found."""
        while self._waiting:
            function = self._waiting.pop()
            names = names_used(function.__code__)
            self._look_up(names, function.__globals__)
            new = names - self._names
            self._names |= new
            for methods in list(self._classes.values()):
                for name in methods.keys() & new:
                    self._add_all(methods[name])
        return self._functions

    def _look_up(self, names: Iterable[str], namespace: Mapping[str, Any], depth: int = 0) -> None:
        """Note what names stand for in a module, and in the modules that it has under some of the names."""
        for name in names:
            value = namespace.get(name)
            if isinstance(value, type):
                self.add_class(value, is_made=True)
            elif not isinstance(value, types.ModuleType):
                self.add_value(value)
            elif depth < _DEPTH and vars(value).get("__file__") in self._files:
                self._look_up(names, vars(value), depth + 1)

    def add_function(self, function: types.FunctionType) -> None:
        """Note that a function may run, if it belongs to the files."""
        if function not in self._functions and function.__code__.co_filename in self._files:
            self._functions.add(function)
            self._waiting.append(function)

    def add_value(self, value: Any) -> None:
        """Note that the functions in a value may be called, and the methods of an object."""
        if isinstance(value, (nn.Module, str, int, float, types.ModuleType)) or value is None:
            return
        found = list(functions_in(value))
        for function in found:
            self.add_function(function)
        if isinstance(value, (list, tuple, dict)):
            items = list(value.values() if isinstance(value, dict) else value)[:_MOST_ITEMS]
            for item in items:
                if isinstance(item, type):
                    self.add_class(item, is_made=True)
                elif not isinstance(item, (list, tuple, dict)):
                    self.add_value(item)
        elif not found and not isinstance(value, type):
            self.add_class(type(value))

    def add_class(self, kind: type, is_made: bool = False) -> None:
        """Note that methods of a class may be called; if the code makes such objects, its constructor too."""
        for each in kind.__mro__:
            if each in self._classes and not is_made:
                continue
            module = sys.modules.get(module_of_type(each))
            if getattr(module, "__file__", None) not in self._files:
                continue
            methods = {name: list(functions_in(value)) for name, value in list(vars(each).items())}
            self._classes[each] = methods
            for name, found in methods.items():
                is_special = name.startswith("__") and name.endswith("__")
                if name in self._names or (is_special and (is_made or name not in _NEVER)):
                    self._add_all(found)

    def _add_all(self, functions: Iterable[types.FunctionType]) -> None:
        for function in functions:
            self.add_function(function)


@functools.cache
def names_used(code: types.CodeType) -> frozenset[str]:
    """Return the names of globals and attributes that code uses, and strings that may be such names."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_used(constant)
        elif isinstance(constant, str) and constant.isidentifier():
            names.add(constant)
    return frozenset(names)


def functions_in(value: Any, depth: int = 0) -> Iterator[types.FunctionType]:
    """Yield the functions in a callable: those behind methods, properties, partial calls and decorators."""
    if isinstance(value, types.FunctionType):
        yield value
        if depth < 6:
            for cell in value.__closure__ or ():
                try:
                    inside = cell.cell_contents
                except ValueError:  # still empty
                    continue
                if callable(inside) and not isinstance(inside, (type, nn.Module)):
                    yield from functions_in(inside, depth + 1)
            wrapped = value.__dict__.get("__wrapped__")
            if wrapped is not None:
                yield from functions_in(wrapped, depth + 1)
        return
    if depth >= 6:
        return
    if isinstance(value, (staticmethod, classmethod, types.MethodType)):
        yield from functions_in(value.__func__, depth + 1)
    elif isinstance(value, property):
        for each in (value.fget, value.fset):
            yield from functions_in(each, depth + 1)
    elif isinstance(value, (functools.partial, functools.partialmethod, functools.cached_property)):
        yield from functions_in(value.func, depth + 1)
    elif isinstance(value, _CACHED):
        yield from functions_in(vars(value).get("__wrapped__"), depth + 1)
