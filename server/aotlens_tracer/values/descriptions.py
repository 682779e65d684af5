"""Values of one call, each described once: tensors, containers of tensors, sizes."""

from __future__ import annotations

import contextlib
import dataclasses
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import nn

from ..graph.placements import sharding_of
from ..torch_private import FakeTensor, without_torch_functions
from ..wire.subclasses import Sharding
from ..wire.values import ContainerValue, Item, PlainValue, TensorValue, Value

_MOST_ITEMS = 32
"""Items of a container that are looked at."""
_DEPTH = 5
"""Containers in one another that are looked at."""
_MOST_TEXT = 80
"""Characters of a plain value's text."""
_SKIPPED = (nn.Module, types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType, type)
_TENSORS = (torch.Tensor, FakeTensor, nn.Parameter, nn.Buffer)
_PLAIN = (int, float, bool, type(None), torch.dtype, torch.device, torch.Size, torch.SymInt)

Describe = Callable[[Any], "int | None"]
DimsOf = Callable[[torch.Tensor], "tuple[int, ...]"]
"""Gives the dimensions of a tensor."""


class Descriptions:
    """The values that were seen; an index into them stands for each. No value is kept alive.

    With `dims_of`, tensors of different dimensions are different values.
    """

    def __init__(self, dims_of: DimsOf | None = None) -> None:
        self._dims_of = dims_of
        self.values: list[Value] = []
        self._indices: dict[Any, int] = {}
        self.by_type: dict[type, Describe | None] = {}
        self._depth = 0

    def describe(self, value: Any) -> int | None:
        """Return the index of a value; None for one that is not described."""
        kind = type(value)
        try:
            how = self.by_type[kind]
        except KeyError:
            how = self.learn(kind)
        return how(value) if how is not None else None

    def learn(self, kind: type) -> Describe | None:
        """Decide how values of a type are described."""
        how = self._way(kind)
        self.by_type[kind] = how
        return how

    def _way(self, kind: type) -> Describe | None:
        if issubclass(kind, torch.Tensor):
            return self._tensor
        if issubclass(kind, _SKIPPED):
            return None
        if kind in _PLAIN:
            return self._plain
        if issubclass(kind, dict):
            return self._mapping
        if dataclasses.is_dataclass(kind):
            return self._dataclass
        if issubclass(kind, (list, tuple)):
            return self._sequence
        return None

    def _tensor(self, tensor: torch.Tensor) -> int:
        with without_torch_functions():
            described = (type(tensor), tensor.dtype, tensor.shape, tensor.device, tensor.requires_grad)
            dims = self._dims_of(tensor) if self._dims_of is not None else ()
            sharding = sharding_of(tensor) if type(tensor) not in _TENSORS else None
        key = (*described, dims, sharding)
        index = self._indices.get(key)
        if index is None:
            index = self._indices[key] = len(self.values)
            self.values.append(_tensor_value(*described, dims, sharding))
        return index

    def _plain(self, value: Any) -> int:
        key = (type(value), value if not isinstance(value, torch.SymInt) else str(value))
        index = self._indices.get(key)
        if index is None:
            text = str(tuple(value)) if isinstance(value, torch.Size) else str(value)
            index = self._indices[key] = len(self.values)
            self.values.append(PlainValue(type(value).__name__, text[:_MOST_TEXT]))
        return index

    def _sequence(self, value: Any) -> int | None:
        base = list if isinstance(value, list) else tuple
        names = getattr(type(value), "_fields", None)
        count = base.__len__(value)
        items = zip(range(_MOST_ITEMS), base.__iter__(value))
        if names is not None:
            return self._container(value, ((f".{name}", each) for name, (_, each) in zip(names, items)), count)
        return self._container(value, ((str(index), each) for index, each in items), count)

    def _mapping(self, value: Any) -> int | None:
        items = zip(range(_MOST_ITEMS), dict.items(value))
        has_fields = dataclasses.is_dataclass(value)
        named = ((f".{key}" if has_fields else _key_text(key), each) for _, (key, each) in items)
        return self._container(value, named, dict.__len__(value))

    def _dataclass(self, value: Any) -> int | None:
        names = [each.name for each in dataclasses.fields(value)]
        kept = _attributes(value)
        shown = [(f".{name}", kept[name]) for name in names[:_MOST_ITEMS] if name in kept]
        return self._container(value, shown, len(names))

    def _container(self, value: Any, items: Iterable[tuple[str, Any]], length: int) -> int | None:
        if self._depth >= _DEPTH:
            return None
        self._depth += 1
        try:
            found = tuple(self._items(items))
        finally:
            self._depth -= 1
        if not any(not isinstance(self.values[each.value], PlainValue) for each in found):
            return self._numbers(value, length) if found and type(value) in (list, tuple) else None
        key = (type(value), found, length)
        index = self._indices.get(key)
        if index is None:
            index = self._indices[key] = len(self.values)
            self.values.append(ContainerValue(type(value).__name__, found, length))
        return index

    def _items(self, items: Iterable[tuple[str, Any]]) -> Iterator[Item]:
        for key, value in items:
            index = self.describe(value)
            if index is not None:
                yield Item(key, index)

    def _numbers(self, value: list[Any] | tuple[Any, ...], length: int) -> int | None:
        """Describe a short list of sizes."""
        if length > 8 or any(type(each) not in (int, torch.SymInt) for each in value):
            return None
        key = (type(value), str(value))
        index = self._indices.get(key)
        if index is None:
            index = self._indices[key] = len(self.values)
            self.values.append(PlainValue(type(value).__name__, key[1][:_MOST_TEXT]))
        return index


def _attributes(value: Any) -> dict[str, Any]:
    """Return the attributes of an object without calling any code of its class."""
    try:
        found = dict(object.__getattribute__(value, "__dict__"))
    except AttributeError:
        found = {}
    for kind in type(value).__mro__:
        for name, slot in vars(kind).items():
            if isinstance(slot, types.MemberDescriptorType):
                with contextlib.suppress(AttributeError):
                    found[name] = slot.__get__(value)
    return found


def _key_text(key: Any) -> str:
    return repr(key)[:_MOST_TEXT] if isinstance(key, (str, int, float, bool, tuple)) else type(key).__name__


def _tensor_value(
    kind: type,
    dtype: torch.dtype,
    shape: Iterable[Any],
    device: torch.device,
    requires_grad: bool,
    dims: tuple[int, ...],
    sharding: Sharding | None,
) -> TensorValue:
    return TensorValue(
        str(dtype).removeprefix("torch."),
        tuple(_size(size) for size in shape),
        str(device),
        requires_grad,
        None if kind in _TENSORS else kind.__name__,
        dims,
        sharding,
    )


def _size(size: Any) -> int | str | None:
    """Return a size: a symbolic one as its expression, None for one that depends on data."""
    if type(size) is int:
        return size
    text = str(size)
    return None if text.startswith("u") and text[1:].isdigit() else text
