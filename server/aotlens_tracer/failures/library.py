"""Python's own library as it was before user code ran: what user code replaced in it is put back for our own work.

Nothing here looks up a built-in function or a name of another module while it runs: these may be replaced.
"""

from __future__ import annotations

import builtins
import json
import operator
import os
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any

from ..wire.advice import Replaced
from .problems import chain

_is, _map, _all, _zip, _iter, _type, _getattr = operator.is_, map, all, zip, iter, type, getattr
_isinstance, _set_of_class, _delete = isinstance, type.__setattr__, object()
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, staticmethod, classmethod)
_MESSAGES = (builtins, os, json, json.encoder, json.decoder)
"""The modules without which no message can be sent."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The functions of a module or class: their names and, in the same order, what they were."""

    holder: types.ModuleType | type
    names: tuple[str, ...]
    values: tuple[Any, ...]

    def replaced(self) -> list[tuple[str, Any, Any]]:
        """Return the name, the original and the value of today of what was replaced; `_delete` for no value."""
        today = self.holder.__dict__
        if _all(_map(_is, _map(today.get, self.names), self.values)):
            return []
        return [
            (name, value, today.get(name, _delete))
            for name, value in _zip(self.names, self.values)
            if not _is(today.get(name), value)
        ]

    def put(self, name: str, value: Any) -> None:
        """Give a name a value."""
        if _is(_type(self.holder), types.ModuleType):
            if _is(value, _delete):
                self.holder.__dict__.pop(name, None)  # type: ignore[union-attr]  # a module's is a dictionary
            else:
                self.holder.__dict__[name] = value  # type: ignore[index]  # a module's is a dictionary
        elif not _is(value, _delete):
            _set_of_class(self.holder, name, value)


_messages: list[_Kept] = []
_whole: list[_Kept] = []
_modules: dict[str, types.ModuleType] = {}


def remember_library() -> None:
    """Keep what Python's library is now. It takes some milliseconds the first time, nothing later."""
    if _whole:
        return
    known = sys.stdlib_module_names
    for module in list(sys.modules.values()):
        if type(module) is types.ModuleType and module.__name__.partition(".")[0] in known:
            _whole.extend(_functions_of(module))
    _messages.extend(kept for module in _MESSAGES for kept in _functions_of(module))
    _whole[:0] = _messages  # the built-in functions first
    _modules.update(sys.modules)


def _functions_of(module: types.ModuleType) -> list[_Kept]:
    holders: list[types.ModuleType | type] = [module]
    holders += [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and value.__flags__ & _HEAP
    ]
    found = []
    for holder in holders:
        named = [(name, value) for name, value in vars(holder).items() if isinstance(value, _FUNCTIONS)]
        if named:
            names, values = zip(*named, strict=True)
            found.append(_Kept(holder, names, values))
    return found


_HEAP = 1 << 9
"""The flag of a class that Python code made: only its attributes can be replaced (`Py_TPFLAGS_HEAPTYPE`)."""


class LibraryForMessages:
    """While it is entered, what is needed to send a message is as it was before user code ran."""

    def __init__(self) -> None:
        self._replaced: list[tuple[_Kept, str, Any]] = []

    def __enter__(self) -> None:
        for kept in _messages:
            for name, value, today in kept.replaced():
                self._replaced.append((kept, name, today))
                kept.put(name, value)

    def __exit__(self, *_: object) -> None:
        for kept, name, today in self._replaced:
            kept.put(name, today)


def put_library_back() -> list[tuple[str, Any]]:
    """Make Python's library and `sys.modules` what they were, for good. Returns what was replaced."""
    found: list[tuple[str, Any]] = []
    for kept in _whole:
        for name, value, today in kept.replaced():
            kept.put(name, value)
            found.append((_name_of(kept.holder) + "." + name, today))
    for name, module in _modules.items():
        if not _is(sys.modules.get(name), module):
            sys.modules[name] = module
    return found


def _name_of(holder: types.ModuleType | type) -> str:
    if _isinstance(holder, _type):
        return holder.__module__ + "." + holder.__qualname__
    return holder.__name__


def advice_for_replaced(error: BaseException, replaced: Sequence[tuple[str, Any]]) -> Replaced | None:
    """Return the advice for an error that comes from a function which the user put in the place of Python's own."""
    codes = {frame.f_code for each in chain(error) for frame, _ in walk_tb(each.__traceback__)}
    names = [name for name, value in replaced if getattr(value, "__code__", None) in codes]
    return Replaced(tuple(dict.fromkeys(names))[:MOST_NAMES]) if names else None


MOST_NAMES = 5
"""Names of replaced functions that are given."""
