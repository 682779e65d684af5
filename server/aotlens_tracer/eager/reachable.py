"""Tensors that code can find again after a call: on modules and other objects, in containers, globals and closures."""

from __future__ import annotations

import collections
import functools
import gc
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from ..examples.evaluate import BuiltExample
from ..failures import Codebase, is_library
from ..torch_private import class_of, hooks_of, kept_as, kept_by
from ..wire.class_names import module_of_type, name_of_type

Kind = Literal["buffer", "attribute", "item", "global", "closure"]

_DEEPEST = 8
"""So many steps are taken from an attribute inwards."""
_MOST = 200_000
"""So many values are looked at in one walk."""
_MOST_ITEMS = 2_000
"""So many items of one container are looked at: the last ones, because a list grows at its end."""
_CLOSED = (*sys.stdlib_module_names, "torch", "numpy", "triton")
"""Packages whose objects are not looked into."""
_CACHE = type(functools.lru_cache(lambda: None))


@dataclass(frozen=True)
class Reached:
    """A tensor that was reached, and its names: its own, and that of the attribute or variable that it is part of."""

    kind: Kind
    name: str
    anchor: str
    tensor: torch.Tensor

    @property
    def container(self) -> str | None:
        """The name of the list or dict that the tensor is an item of; None if it is no item."""
        return self.name.rpartition("[")[0] if self.name.endswith("]") else None


@dataclass(frozen=True)
class Anchor:
    """An attribute of a module, a variable of a file or class, or a variable of a closure: a beginning of a walk.

    `value` reads what it holds now. `is_library` says that it is a buffer of one of torch's own modules.
    """

    name: str
    kind: Kind
    value: Callable[[], Any]
    is_library: bool = False


class Reach:
    """Everything that an example's code can keep tensors in, as it is before the call."""

    def __init__(self, example: BuiltExample, codebase: Codebase) -> None:
        self._codebase = codebase
        self._root = example.module
        self._function = example.function
        self._modules = dict(self._root.named_modules()) if self._root is not None else {}
        self._inner = {id(module) for module in self._modules.values()}
        self._owned: dict[str, bool] = {}

    def tensors(self, parameters: bool = False) -> Iterator[Reached]:
        """Yield all tensors that are reachable now, under each of their names; parameters only if they are wanted."""
        yield from self.below(self.anchors(), parameters)

    def below(self, anchors: Iterable[Anchor], parameters: bool = False) -> Iterator[Reached]:
        """Yield the tensors that are reachable now from some anchors."""
        walk = _Walk(self._inner, parameters)
        for anchor in anchors:
            yield from walk.inside(anchor)

    def anchors(self) -> Iterator[Anchor]:
        """Yield the beginnings of the walk: those of the modules first, because their names say most."""
        for path, module in self._modules.items():
            prefix = f"{path}." if path else ""
            for name, _, is_buffer in kept_by(module):
                is_library = is_buffer and _is_of_torch(class_of(module))
                how: Kind = "buffer" if is_buffer else "attribute"
                yield Anchor(prefix + name, how, functools.partial(kept_as, module, name), is_library)
        functions = [hook for module in self._modules.values() for hook in hooks_of(module)]
        yield from self._closures([self._function, *functions])
        classes = {kind for module in self._modules.values() for kind in type(module).__mro__}
        for prefix, variables in self._files():
            for name, value in list(variables.items()):
                if isinstance(value, type):
                    if module_of_type(value) == variables.get("__name__"):
                        classes.add(value)
                elif type(value) not in _PLAIN and not name.startswith("__"):
                    yield from self._variable(prefix + name, value, functools.partial(variables.get, name))
        for kind in sorted((kind for kind in classes if self._owns(kind)), key=name_of_type):
            for name, value in list(vars(kind).items()):
                if type(value) not in _PLAIN and not name.startswith("__"):
                    read = functools.partial(vars(kind).get, name)
                    yield from self._variable(f"{name_of_type(kind)}.{name}", value, read)

    def watched(self, states: Sequence[Reached]) -> list[Anchor]:
        """Return the beginnings from which the call keeps these states: some may hold nothing yet."""
        outside = {state.anchor: state.kind for state in states if state.kind in ("global", "closure")}
        found = [anchor for anchor in self.anchors() if outside.get(anchor.name) == anchor.kind]
        known = {anchor.name for anchor in found}
        for state in states:
            owner = self.owner(state.anchor)
            if state.anchor not in known and state.anchor not in outside and owner is not None:
                known.add(state.anchor)
                found.append(Anchor(state.anchor, state.kind, functools.partial(kept_as, *owner)))
        for prefix, variables in self._files():
            for name in outside.keys() - known:
                if name.startswith(prefix) and (rest := name.removeprefix(prefix)).isidentifier():
                    found.append(Anchor(name, "global", functools.partial(variables.get, rest)))
        return found

    def _files(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the variables of the user's files, each with the prefix of their names: none for the target's file."""
        for module in list(sys.modules.values()):
            path = self._path_of_user(module)
            if path is not None:
                yield "" if path == self._codebase.target else f"{module.__name__.rpartition('.')[2]}.", vars(module)

    def _variable(self, name: str, value: Any, read: Callable[[], Any]) -> Iterator[Anchor]:
        if isinstance(value, (types.FunctionType, types.MethodType, classmethod, staticmethod)):
            yield from self._closures([value])
        else:
            yield Anchor(name, "global", read)

    def owner(self, name: str) -> tuple[nn.Module, str] | None:
        """Return the module that an anchor of this name belongs to, and the attribute; None for all others."""
        path, _, attribute = name.rpartition(".")
        module = self._modules.get(path)
        return (module, attribute) if module is not None else None

    def _closures(self, functions: list[Any]) -> Iterator[Anchor]:
        for function in functions:
            is_wrapper = isinstance(function, (types.MethodType, classmethod, staticmethod))
            inner = function.__func__ if is_wrapper else function
            if isinstance(inner, types.FunctionType):
                for name, cell in zip(inner.__code__.co_freevars, inner.__closure__ or ()):
                    yield Anchor(name, "closure", functools.partial(_content, cell))
                for name in vars(inner):
                    yield Anchor(f"{inner.__qualname__}.{name}", "global", functools.partial(vars(inner).get, name))

    def _path_of_user(self, module: Any) -> str | None:
        """Return the path of a module of the user's; None for all others."""
        path = vars(module).get("__file__") if isinstance(module, types.ModuleType) else None
        if not isinstance(path, str):
            return None
        if path not in self._owned:  # a process has thousands of modules, and is asked again and again
            self._owned[path] = self._codebase.owns(path)
        return path if self._owned[path] else None

    def _owns(self, kind: type) -> bool:
        return self._path_of_user(sys.modules.get(module_of_type(kind))) is not None


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # an empty cell
        return None


def _is_of_torch(kind: type) -> bool:
    file = getattr(sys.modules.get(module_of_type(kind)), "__file__", None)
    return isinstance(file, str) and is_library(file)


class _Walk:
    """One walk: no value is entered twice; a tensor is found under each of its names."""

    def __init__(self, inner: set[int], parameters: bool = False) -> None:
        self._inner = inner
        self._parameters = parameters
        self._seen: set[int] = set()
        self._alive: list[Any] = []
        self._left = _MOST

    def inside(self, anchor: Anchor) -> Iterator[Reached]:
        """Yield the tensors below an anchor."""
        for name, kind, tensor in self._below(anchor.value(), anchor.name, anchor.kind, _DEEPEST):
            yield Reached(kind, name, anchor.name, tensor)

    def _below(self, value: Any, name: str, kind: Kind, depth: int) -> Iterator[tuple[str, Kind, torch.Tensor]]:
        cls = type(value)
        if value is None or cls in _PLAIN or depth == 0 or self._left <= 0:
            return
        self._left -= 1
        if issubclass(cls, torch.Tensor):
            if self._parameters or not isinstance(
                value, nn.Parameter
            ):  # a fake parameter is one too, whatever its class
                yield name, kind, value
            return
        if id(value) in self._inner or id(value) in self._seen:
            return
        self._seen.add(id(value))
        self._alive.append(value)  # so that no later value gets its id
        for inner, its_kind, below in _parts(value, cls, name, kind):
            yield from self._below(below, inner, its_kind, depth - 1)


_PLAIN = frozenset(
    (int, float, bool, str, bytes, complex, type, types.ModuleType, torch.dtype, torch.device, torch.Size)
)


_CONTAINERS: tuple[type[Any], ...] = (list, tuple, set, frozenset, collections.deque)


def _parts(value: Any, cls: type, name: str, kind: Kind) -> Iterator[tuple[str, Kind, Any]]:
    """Yield what a value holds, with its name and kind; nothing for a value that is not looked into.

    Containers are read by the methods of the built-in classes: those of a subclass may be slow, or import modules.
    """
    item: Kind = "item" if kind in ("buffer", "attribute", "item") else kind
    if issubclass(cls, dict):
        for number, (key, one) in enumerate(list(dict.items(value))[-_MOST_ITEMS:]):
            shown = f"{key!r:.60}" if type(key) in _PLAIN else f"…{number}"
            yield f"{name}[{shown}]", item, one
    elif (base := next((base for base in _CONTAINERS if issubclass(cls, base)), None)) is not None:
        fields = getattr(cls, "_fields", ()) if base is tuple else ()
        items = list(base.__iter__(value))
        start = max(len(items) - _MOST_ITEMS, 0)
        for index, one in enumerate(items[start:], start):
            yield (f"{name}.{fields[index]}" if index < len(fields) else f"{name}[{index}]"), item, one
    elif cls is _CACHE:
        # Its results are in no attribute; the garbage collector knows the dict or the links that hold them.
        results = list(_results_of(value))
        for number, one in enumerate(results):
            yield f"{name}(…)" + (f"[{number}]" if len(results) > 1 else ""), item, one
    elif issubclass(cls, types.FunctionType):
        return
    elif issubclass(cls, nn.Module):
        for attribute, held, is_buffer in kept_by(value):
            yield f"{name}.{attribute}", "buffer" if is_buffer else kind, held
        for attribute, parameter in value.named_parameters(recurse=False):
            yield f"{name}.{attribute}", kind, parameter
        for attribute, child in value.named_children():
            yield f"{name}.{attribute}", kind, child
    elif module_of_type(cls).partition(".")[0] not in _CLOSED or cls is types.SimpleNamespace:
        for attribute, held in _attributes(value, cls):
            yield f"{name}.{attribute}", kind if kind != "item" else "attribute", held


def _attributes(value: Any, cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that are stored on an object, without running its code."""
    if cls.__dictoffset__:
        yield from list(object.__getattribute__(value, "__dict__").items())
    for base in cls.__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            member = vars(base).get(name)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    yield name, member.__get__(value, cls)
                except AttributeError:  # not set
                    continue


def _results_of(cache: Any) -> Iterator[Any]:
    """Yield the results that a `functools.lru_cache` holds: in a dict, or in links if its size is limited."""
    referents = gc.get_referents(cache)
    dicts = [held for held in referents if isinstance(held, dict) and held is not vars(cache)]
    keys = {id(key) for held in dicts for key in held}
    for one in (*referents, *(result for held in dicts for result in list(held.values()))):
        if isinstance(one, (torch.Tensor, tuple, list)) and id(one) not in keys:
            yield one
