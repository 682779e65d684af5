"""Functions of a script that use its modules as globals: each gets the root of the step, in whose places these are."""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from ...failures import is_library
from ...loading.definitions import definitions
from .code import places_in, stored_names
from .root import Children

ROOT = "_aotlens_root"
"""The first parameter of such a function, and the beginning of the names under which the new functions are called."""


class Functions:
    """The functions that a step calls and that use modules of the script, by name; `made` are the new ones."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._known: dict[types.FunctionType, str | None] = {}
        self.made: list[tuple[types.FunctionType, ast.FunctionDef, str]] = []

    def called_in(self, names: Mapping[str, Any]) -> dict[str, str]:
        """Make new functions of those among some names that use modules; return the new names by the old ones."""
        found = {name: self._new_name(value) for name, value in names.items() if isinstance(value, types.FunctionType)}
        return {name: new for name, new in found.items() if new is not None}

    def _new_name(self, function: types.FunctionType) -> str | None:
        if function not in self._known:
            self._known[function] = None  # one that calls itself is looked at once
            self._known[function] = self._make(function)
        return self._known[function]

    def _make(self, function: types.FunctionType) -> str | None:
        path, names = function.__code__.co_filename, function.__globals__
        if is_library(path) or function.__closure__ or (definition := _definition(function)) is None:
            return None
        used = {name: names[name] for name in _globals_of(function.__code__) if name in names}
        modules = {name: value for name, value in used.items() if isinstance(value, nn.Module)}
        called = self.called_in({name: value for name, value in used.items() if name not in modules})
        if not modules and not called:
            return None
        for name, value in modules.items():
            self._children.add(name, value)
        new = copy.deepcopy(definition)
        bound = {*stored_names(new.body), *(each.arg for each in ast.walk(new.args) if isinstance(each, ast.arg))}
        places = {name: self._children.paths[name] for name in modules}
        new.body = places_in(new.body, ROOT, places, bound, called)
        new.args.args.insert(0, ast.copy_location(ast.arg(ROOT), new))
        found: dict[str, Any] = {}
        exec(compile(ast.fix_missing_locations(ast.Module([new], [])), path, "exec"), names, found)
        made: types.FunctionType = found[new.name]
        made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
        name = f"{ROOT}_{new.name}"
        names[name] = made
        self.made.append((made, new, path))
        return name


def _definition(function: types.FunctionType) -> ast.FunctionDef | None:
    """Return the syntax of a function of the module level without decorators; None for another one."""
    for name, node in definitions(function.__code__.co_filename):
        is_same = name == function.__name__ and node.lineno == function.__code__.co_firstlineno
        if is_same and isinstance(node, ast.FunctionDef) and not node.decorator_list:
            return node
    return None


def _globals_of(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _globals_of(constant)
