"""The tree of traced modules: every instance with its class and its birthplace."""

from __future__ import annotations

import inspect

from torch import nn

from ..failures import is_library
from ..loading.definitions import line_of
from ..torch_private import class_of, names_of_modules
from ..wire.class_names import name_of_type
from ..wire.descriptor_map import ModuleInstance
from .birthplaces import Birthplaces


def module_tree(root: nn.Module, birthplaces: Birthplaces) -> tuple[ModuleInstance, ...]:
    """Return the root and every submodule, in torch's order; one that is reachable by two names counts twice."""
    places: dict[type, tuple[str | None, int | None]] = {}
    found = []
    for name, module in names_of_modules(root):
        kind = class_of(module)
        if kind not in places:
            places[kind] = _place(kind)
        definition, set_at = (
            (birthplaces.of_module(root, name), birthplaces.set_at(root, name)) if name else (None, None)
        )
        found.append(ModuleInstance(name, name_of_type(kind), *places[kind], definition, set_at))
    return tuple(found)


def _place(kind: type) -> tuple[str | None, int | None]:
    """Return the file and line of a class; (None, None) for one that was made without a file."""
    try:
        path = inspect.getsourcefile(kind)
    except Exception:  # it has no file, or a metaclass of the user's raises
        return None, None
    if path is None or is_library(path):
        return path, None  # nobody traces torch's own classes, and reading their files takes time
    return path, line_of(kind, path)
