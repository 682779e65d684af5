"""The root module of a training step, whose children are the modules of the script, by the script's names."""

from __future__ import annotations

import operator
import types
from typing import Any

from torch import nn

from ...torch_private import without_compile


class Children:
    """The modules under the names of a script: those that are one themselves, or hold modules as items or attributes.

    `paths` are the places of names below the root. Two names of one module have one place.
    """

    def __init__(self) -> None:
        self.modules: dict[str, nn.Module] = {}
        self.paths: dict[str, str] = {}
        self._known: dict[int, str] = {}

    def add(self, name: str, value: Any) -> bool:
        """Note the value of a name; return whether it is to be a child of the root."""
        module = as_child(value)
        if module is None:
            return False
        kept = self._known.get(id(value))
        if kept is None:
            child = f"{name}_" if hasattr(nn.Module, name) else name
            self.modules[child] = module
            self._note(value, module, child)
            kept = child
        self.paths[name] = kept
        return True

    def add_owner(self, owner: nn.Module) -> None:
        """Note that the modules of the root itself have places already."""
        for name, child in owner.named_modules():
            if name:
                self._known.setdefault(id(child), name)

    def _note(self, value: Any, module: nn.Module, path: str) -> None:
        self._known[id(value)] = path
        for name, child in module.named_children():
            self._known.setdefault(id(child), f"{path}.{name}")


def as_child(value: Any) -> nn.Module | None:
    """Return a value as a module, if it is one, or if it is a list, a dict or an object that holds some; else None."""
    return _of_modules(value) or as_module(value)


def _of_modules(value: Any) -> nn.Module | None:
    if isinstance(value, nn.Module):
        plain = without_compile(value)
        return plain if isinstance(plain, nn.Module) else value
    if isinstance(value, (list, tuple)) and value and all(isinstance(each, nn.Module) for each in value):
        return nn.ModuleList(value)
    if type(value) is dict and value and all(_is_named_module(*item) for item in value.items()):
        return nn.ModuleDict(value)
    return None


def _is_named_module(key: Any, value: Any) -> bool:
    return isinstance(value, nn.Module) and isinstance(key, str) and key.isidentifier()


def as_module(owner: Any) -> nn.Module | None:
    """Return an object as a module with its attributes and methods, if some attributes are modules; else None.

    Its class is derived from `nn.Module` and from that of the object, so that the modules are its children, by the
    names of the attributes, and its methods work as they are.
    """
    if isinstance(owner, nn.Module):
        return owner
    kind, attributes = type(owner), getattr(owner, "__dict__", None)
    if isinstance(owner, (type, types.ModuleType)) or not attributes:
        return None
    modules = {name: _of_modules(value) for name, value in attributes.items()}
    if not any(modules.values()):
        return None
    names: dict[str, Any] = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    first: dict[int, str] = {}
    for name, child in modules.items():
        known = first.setdefault(id(child), name)
        if child is not None and known != name:  # a second name of a module, which has its place already
            names[name] = property(operator.attrgetter(known))
    try:
        module: nn.Module = object.__new__(type(kind.__name__, (nn.Module, kind), names))
    except TypeError:  # slots, or a metaclass of its own
        return None
    nn.Module.__init__(module)
    for name, value in attributes.items():
        child = modules[name]
        if name in names:
            continue
        if child is not None:
            module.add_module(name, child)
        else:
            object.__setattr__(module, name, value)
    return module


def root_of(name: str, module_name: str, function: types.FunctionType, owner: nn.Module | None) -> nn.Module:
    """Return the module whose call or method is the step: a new one, or the owner of the method that it stands in."""
    if owner is not None:
        return owner
    root: nn.Module = type(name, (nn.Module,), {"forward": function, "__module__": module_name})()
    return root
