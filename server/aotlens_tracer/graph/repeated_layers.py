"""Equal layers of a model: the children of one container that have the same structure."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..torch_private import (
    contains_itself,
    first_children,
    names_of_buffers,
    names_of_modules,
    names_of_parameters,
    parts_of_module,
)

_PLAIN = (float, complex, str, bytes, set, frozenset, torch.device)


@dataclass(frozen=True)
class Layers:
    """A container, its name in the module tree, and the number of its equal layers."""

    container: nn.Module
    name: str
    count: int

    @property
    def modules(self) -> int:
        """The number of modules in all layers."""
        return self.count * sum(1 for _ in next(self.container.children()).modules())

    def reduced_to(self, count: int) -> contextlib.AbstractContextManager[None]:
        """Leave only the first layers in the container while this is entered."""
        return first_children(self.container, count)


def repeated_layers(root: nn.Module, at_least: int) -> Layers | None:
    """Return the equal layers of a model; None unless exactly one list or sequence has that many, all of them equal.

    Layers that share a parameter or module, with one another or with the rest of the model, are not equal: what is
    left if some of them are taken away is another model. So is a model that contains itself.
    """
    if contains_itself(root):
        return None
    found = []
    pending = [("", root)]
    while pending:
        name, module = pending.pop()
        is_list = isinstance(module, (nn.ModuleList, nn.Sequential))
        if is_list and len(parts_of_module(module).modules) >= at_least:
            found.append((name, module))
        else:
            pending += [(f"{name}.{child}" if name else child, part) for child, part in module.named_children()]
    if len(found) != 1:
        return None
    name, container = found[0]
    children = parts_of_module(container).modules
    layers = list(children.values())
    if None in layers or list(children) != [str(index) for index in range(len(layers))]:
        return None
    if any(not _are_equal(layers[0], layer, index) for index, layer in enumerate(layers)) or _shares(root, container):
        return None
    return Layers(container, name, len(layers))


def _are_equal(first: nn.Module | None, other: nn.Module | None, index: int) -> bool:
    """Whether the first layer and the one at `index` agree in classes, attributes, and tensors without their values."""
    if first is None or other is None:
        return first is other
    if type(first) is not type(other):
        return False
    one, two = parts_of_module(first), parts_of_module(other)
    return (
        one.transient == two.transient
        and _have_equal(one.parameters, two.parameters, lambda a, b: _form(a) == _form(b))
        and _have_equal(one.buffers, two.buffers, lambda a, b: _form(a) == _form(b))
        and _have_equal(one.modules, two.modules, lambda a, b: _are_equal(a, b, index))
        and _have_equal(one.attributes, two.attributes, lambda a, b: _are_alike(a, b, index))
    )


def _have_equal(first: Mapping[Any, Any], other: Mapping[Any, Any], is_equal: Callable[[Any, Any], bool]) -> bool:
    return list(first) == list(other) and all(is_equal(value, other[name]) for name, value in first.items())


def _form(tensor: torch.Tensor | None) -> Any:
    if tensor is None:
        return None
    return type(tensor), tuple(tensor.shape), tensor.stride(), tensor.dtype, tensor.device, tensor.requires_grad


def _are_alike(first: Any, other: Any, index: int) -> bool:
    """Whether two attributes are equal, or differ by the index of the layer. Objects of unknown types are never so."""
    if type(first) is not type(other):
        return False
    if first is other:
        return True
    if type(first) is int:
        return bool(first == other or other - first == index)
    if isinstance(first, _PLAIN):
        return bool(first == other)
    if isinstance(first, (list, tuple)):
        return len(first) == len(other) and all(_are_alike(a, b, index) for a, b in zip(first, other, strict=True))
    if isinstance(first, dict):
        return _have_equal(first, other, lambda a, b: _are_alike(a, b, index))
    if isinstance(first, torch.Tensor):
        return bool(_form(first) == _form(other))
    if isinstance(first, types.MethodType):
        return bool(first.__func__ is other.__func__)
    return isinstance(first, nn.Module)


def _shares(root: nn.Module, container: nn.Module) -> bool:
    """Whether a layer shares a parameter, buffer or module with another layer, or with the rest of the model."""
    seen: set[int] = set()
    for layer in container.children():
        own = {id(part) for part in (*layer.modules(), *layer.parameters(), *layer.buffers())}
        if own & seen:
            return True
        seen |= own
    if len(list(container.children())) != len(parts_of_module(container).modules):
        return True  # a layer that occurs twice is listed once
    paths = [
        (name, value)
        for values in (
            names_of_modules(root),
            names_of_parameters(root),
            names_of_buffers(root),
        )
        for name, value in values
    ]
    return sum(id(value) in seen for _, value in paths) != len(seen)
