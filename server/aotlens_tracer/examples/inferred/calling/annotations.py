"""Annotations of the arguments of `forward`, and the values to pass for them."""

from __future__ import annotations

import collections.abc
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import nn

from ..building.parameters import annotation_of, is_union
from ..reading.demand import Demand
from ..tables.input_names import input_kind
from ..tables.sizes import BATCH, IMAGE, LENGTH
from ..values import PLACEHOLDER, Entries, Items, Tensor, Value, Written

_TENSOR_TYPES = {
    "LongTensor": "int64",
    "IntTensor": "int32",
    "BoolTensor": "bool",
    "HalfTensor": "float16",
    "BFloat16Tensor": "bfloat16",
    "DoubleTensor": "float64",
}
_JAXTYPING = re.compile(r"(?:(\w+)\[)?.*?['\"]([^'\"]*)['\"]\]?")
_PLAIN: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (bool, ("False",)),
    (int, ("2", "16", "1")),
    (float, ("1.0",)),
    (str, ("''",)),
    (torch.dtype, ("torch.float32",)),
    (torch.device, ("torch.device('cpu')",)),
    (torch.Size, ("torch.Size([4, 4])",)),
)
"""Annotations by the expressions to pass, the likeliest first."""


class Tensors(Protocol):
    """Makes tensors for one module."""

    head: int

    def tensor(self, demand: Demand, kind: str | None = None) -> Tensor:
        """A tensor that meets a demand."""


def is_tensor(annotation: Any) -> bool:
    """Whether an annotation means tensors: torch.Tensor and its old subclasses, jaxtyping's, or an optional one."""
    if is_union(annotation):
        return any(map(is_tensor, typing.get_args(annotation)))
    if isinstance(annotation, type) and (issubclass(annotation, torch.Tensor) or hasattr(annotation, "dim_str")):
        return True
    return getattr(annotation, "__module__", "") == "torch" and "Tensor" in getattr(annotation, "__name__", "")


def is_sequence_of_tensors(annotation: Any) -> bool:
    """Whether an annotation means a list of tensors of any length, or a tuple of such."""
    if is_union(annotation):
        return any(map(is_sequence_of_tensors, typing.get_args(annotation)))
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    is_fixed = origin is tuple and members[-1:] != (...,)
    is_sequence = origin in (list, tuple, collections.abc.Sequence) and not is_fixed
    return is_sequence and bool(members) and is_tensor(members[0])


def demand_of_annotation(parameter: inspect.Parameter, function: Callable[..., Any]) -> Demand:
    """The dtype that an annotation states, and the axes that jaxtyping's state."""
    annotation = annotation_of(parameter, function)
    text = parameter.annotation if isinstance(parameter.annotation, str) else repr(parameter.annotation)
    for member in (annotation, *typing.get_args(annotation)):
        shape = getattr(member, "dim_str", None)
        if isinstance(shape, str):
            dtypes = getattr(member, "dtypes", ())
            return _from_axes(shape, next(iter(dtypes), "") if isinstance(dtypes, (list, tuple)) else "")
    match = _JAXTYPING.search(text) if isinstance(parameter.annotation, str) else None
    if match is not None and match[1] not in ("Literal", "Optional"):
        return _from_axes(match[2], match[1] or "")
    return Demand(dtype=next((dtype for kind, dtype in _TENSOR_TYPES.items() if kind in text), None))


def _from_axes(text: str, kind: str) -> Demand:
    """The demand of a shape such as `b n d`, `*batch 3 h w` or `...`, and of jaxtyping's name for a dtype."""
    names = text.replace(",", " ").split()
    lowered = kind.lower()
    dtype = "bool" if "bool" in lowered else "int64" if "int" in lowered or "long" in lowered else None
    if any(name.startswith("*") or "..." in name for name in names):
        return Demand(dtype=dtype)
    axes = {index: int(name) for index, name in enumerate(names) if name.isdigit()}
    plain = tuple(None if name.isdigit() else name.lstrip("#?_").partition("=")[0] or None for name in names)
    return Demand(len(names), axes, plain, dtype)


def by_annotation(tensors: Tensors, annotation: Any, name: str, demand: Demand) -> list[Value] | None:
    """The values to pass for the argument `name`, if its annotation means no tensor; None if nothing is known."""
    if annotation is None or is_tensor(annotation):
        return None
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        found = (by_annotation(tensors, member, name, demand) for member in members if member is not type(None))
        return next((values for values in found if values), None)
    if origin is typing.Literal:
        return [Written(repr(member)) for member in members]
    if annotation is int and input_kind(name) == "size":
        return [Written(size) for size in ("4", "16", "1")]
    for kind, expressions in _PLAIN:
        if annotation is kind:
            return [Written(expression) for expression in expressions]
    if origin in (list, tuple, collections.abc.Sequence) or annotation in (list, tuple):
        return [_sequence(tensors, origin or annotation, members, name, demand)]
    if origin is dict or annotation is dict:
        if members and members[0] is str and is_tensor(members[1]):
            return [Entries(((PLACEHOLDER, tensors.tensor(demand)),))]
        return [Entries(())]
    if origin is collections.abc.Callable:
        return [Written("torch.nn.Identity()")]
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return [Written(f"{annotation.__name__}.{next(iter(annotation)).name}")]
    if isinstance(annotation, type) and issubclass(annotation, nn.Module):
        return [Written("torch.nn.Identity()")]
    return [Written("None")] if isinstance(annotation, type) and annotation is not object else None


def _sequence(tensors: Tensors, kind: Any, members: tuple[Any, ...], name: str, demand: Demand) -> Value:
    if kind is tuple and members and members[-1] is not ...:
        items = [_item(tensors, member, name, demand) for member in members]
    else:
        items = [_item(tensors, members[0] if members else torch.Tensor, name, demand)] * 2
    if input_kind(name) == "rotary" and len(items) == 2:
        items = [Tensor((BATCH, LENGTH, tensors.head))] * 2
    return Items(tuple(items), kind is not tuple)


def _item(tensors: Tensors, annotation: Any, name: str, demand: Demand) -> Value:
    if annotation is int:
        return Written("4")
    if is_tensor(annotation):
        kind = input_kind(name.removesuffix("s"))
        if kind == "image" and not demand:
            return Tensor((3, IMAGE, IMAGE))  # a list of images stands for a batch
        return tensors.tensor(demand, kind)
    plain = by_annotation(tensors, annotation, name, demand)
    return plain[0] if plain else tensors.tensor(demand)
