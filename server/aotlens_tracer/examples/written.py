"""Writes a built example as one expression that builds and calls the same, which can be pinned.

Tensors are written by shape and dtype, which is all that a trace sees of them, and modules by the call of their class.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import math
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from ..graph.birthplaces import Birthplaces, Constructor
from ..torch_private import FakeTensor, class_of, is_traceable_wrapper_subclass, pytree
from .evaluate import BuiltExample

LONGEST = 400
"""Characters of the longest expression that is offered for a comment."""
_UNKNOWN = "…"


class NotWritable(Exception):
    """No short expression makes a value."""


def constructor_in_words(module: nn.Module, namespace: Mapping[str, Any], birthplaces: Birthplaces) -> str:
    """The call that built a module: `Block(dim=64, config=…)`, with an ellipsis for values that no expression makes."""
    return _Writer(namespace, birthplaces, strict=False).value(module)


def written(example: BuiltExample, namespace: Mapping[str, Any], birthplaces: Birthplaces) -> str | None:
    """One expression in `namespace` that makes the example's call; None if there is none, or none that is short."""
    writer = _Writer(namespace, birthplaces, strict=True)
    leaves = [id(value) for value in pytree.tree_leaves((example.args, example.kwargs))]
    try:
        callee = writer.callee(example.function)
        arguments = [writer.value(value) for value in example.args]
        arguments += [f"{name}={writer.value(value)}" for name, value in example.kwargs.items()]
    except NotWritable:
        return None
    expression = f"{callee}({', '.join(arguments)})"
    tensors = [leaf for leaf in leaves if leaf in writer.tensors]
    if len(tensors) != len(set(tensors)):  # one tensor in two places differs from two tensors
        return None
    return expression if len(expression) <= LONGEST else None


class _Writer:
    """Writes values as expressions in a namespace. If not `strict`, an ellipsis stands for what it cannot write."""

    def __init__(self, namespace: Mapping[str, Any], birthplaces: Birthplaces, strict: bool) -> None:
        self._namespace = namespace
        self._birthplaces = birthplaces
        self._strict = strict
        self.tensors: set[int] = set()

    def callee(self, function: Callable[..., Any]) -> str:
        """A module, a bound method of one, or a function."""
        owner = getattr(function, "__self__", None)
        module = function if isinstance(function, nn.Module) else owner
        if not isinstance(module, nn.Module):
            return self.value(function)
        text = self.value(module) + ("" if module.training else ".eval()")
        return text if module is function else f"{text}.{function.__name__}"

    def value(self, value: Any) -> str:
        """Any value."""
        try:
            text = self._value(value)
        except NotWritable:
            if self._strict:
                raise
            return _UNKNOWN
        if not self._strict and len(text) > LONGEST:
            return _UNKNOWN
        return text

    def _value(self, value: Any) -> str:
        kind = type(value)
        if value is None or value is Ellipsis or kind in (bool, int, str, bytes):
            return "..." if value is Ellipsis else repr(value)
        if kind in (float, complex):
            return repr(value) if math.isfinite(abs(value)) else f"{kind.__name__}({str(value)!r})"
        if kind in (list, set) and value:
            left, right = "[]" if kind is list else "{}"
            return left + ", ".join(map(self.value, value)) + right
        if kind in (list, set, frozenset):
            return "[]" if kind is list else f"{kind.__name__}({', '.join(map(self.value, value))})"
        if kind in (tuple, torch.Size):
            return f"({', '.join(map(self.value, value))}{',' if len(value) == 1 else ''})"
        if kind is dict:
            return "{" + ", ".join(f"{self.value(key)}: {self.value(item)}" for key, item in value.items()) + "}"
        if isinstance(value, (torch.dtype, torch.layout, torch.memory_format)):
            return repr(value)
        if isinstance(value, torch.device):
            return f"torch.device({str(value)!r})"
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, nn.Module):
            return self._module(value)
        if isinstance(value, enum.Enum):
            return f"{self._name(kind)}.{value.name}"
        if isinstance(value, functools.partial):
            return self._partial(value)
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            return self._name(value)
        if dataclasses.is_dataclass(value):
            return self._dataclass(value)
        raise NotWritable

    def _tensor(self, tensor: torch.Tensor) -> str:
        """A new tensor of the same shape, dtype and device, whose values are valid indices too."""
        known = type(tensor) is torch.Tensor or type(tensor) is FakeTensor
        if not known or tensor.layout is not torch.strided or not all(type(size) is int for size in tensor.shape):
            raise NotWritable
        self.tensors.add(id(tensor))
        sizes = ", ".join(map(str, tensor.shape)) or "()"
        options = "" if tensor.device.type == "cpu" else f", device={str(tensor.device)!r}"
        if tensor.dtype.is_floating_point or tensor.dtype.is_complex:
            dtype = "" if tensor.dtype is torch.get_default_dtype() else f", dtype={tensor.dtype}"
            gradient = ", requires_grad=True" if tensor.requires_grad else ""
            return f"torch.randn({sizes}{dtype}{options}{gradient})"
        make = "torch.ones" if tensor.dtype is torch.bool else "torch.zeros"
        return f"{make}({sizes}, dtype={tensor.dtype}{options})"

    def _module(self, module: nn.Module) -> str:
        if self._strict and self._is_converted(module):
            raise NotWritable  # its constructor alone makes another one
        constructor = self._birthplaces.constructor_of(module)
        kind = class_of(module)
        name = self._name(kind)
        if constructor is not None:
            return f"{name}({', '.join(self._arguments(constructor, _defaults(kind)))})"
        if kind.__init__ is nn.Module.__init__:
            return f"{name}()"
        if self._strict:
            raise NotWritable  # a copy, not made by a constructor
        return f"{name}({_UNKNOWN})"

    def _is_converted(self, module: nn.Module) -> bool:
        """Whether tensor subclasses were put in the place of parameters later, as by `parallelize_module`."""
        named = module.named_parameters()
        subclasses = [name for name, parameter in named if is_traceable_wrapper_subclass(parameter)]
        return any(self._birthplaces.set_at(module, name) is not None for name in subclasses)

    def _arguments(self, constructor: Constructor, defaults: Mapping[str, Any]) -> Iterator[str]:
        """The arguments of a constructor's call that differ from their defaults."""
        code, values = constructor.code, constructor.variables
        names, star, stars = inspect.getargs(code)
        positional = code.co_argcount if star is not None and values.get(star) else code.co_posonlyargcount
        for index, name in enumerate(names[1:], 1):
            if name not in values:  # deleted by the constructor
                raise NotWritable
            if index < positional:
                yield self.value(values[name])
            elif not (name in defaults and _same(values[name], defaults[name])):
                yield f"{name}={self.value(values[name])}"
            if index == code.co_argcount - 1 and star is not None:
                yield from map(self.value, values.get(star, ()))
        if len(names) == 1 and star is not None:
            yield from map(self.value, values.get(star, ()))
        if stars is not None:
            yield from (f"{name}={self.value(item)}" for name, item in values.get(stars, {}).items())

    def _partial(self, value: functools.partial[Any]) -> str:
        """A `functools.partial`, with the name that the namespace has for it, if any."""
        try:
            name = self._name(functools.partial)
        except NotWritable:
            name = "__import__('functools').partial"
        arguments = [self.value(value.func), *map(self.value, value.args)]
        arguments += [f"{key}={self.value(item)}" for key, item in value.keywords.items()]
        return f"{name}({', '.join(arguments)})"

    def _dataclass(self, value: Any) -> str:
        fields = [field for field in dataclasses.fields(value) if field.init]
        arguments = []
        for field in fields:
            current = getattr(value, field.name)
            default = field.default
            if field.default_factory is not dataclasses.MISSING:
                default = field.default_factory()
            if not _same(current, default):
                arguments.append(f"{field.name}={self.value(current)}")
        return f"{self._name(type(value))}({', '.join(arguments)})"

    def _name(self, value: Any) -> str:
        """The name of a class or function in the namespace, in torch or among the builtins."""
        qualname = getattr(value, "__qualname__", "")
        module = getattr(value, "__module__", None) or ""
        if self._found(self._namespace, qualname) is value:
            return qualname
        for name, item in self._namespace.items():
            if item is value and not name.startswith("__"):
                return name
        if module.split(".")[0] == "torch":
            for prefix in ("torch.nn", "torch.nn.functional", "torch", module):
                if self._found({"torch": torch}, f"{prefix}.{qualname}") is value:
                    short = self._namespace.get("nn") is nn and prefix.startswith("torch.nn")
                    return f"{prefix.removeprefix('torch.') if short else prefix}.{qualname}"
        if module == "builtins" and "<" not in qualname:
            return qualname
        if not self._strict and "<" not in qualname:
            return qualname
        raise NotWritable

    @staticmethod
    def _found(namespace: Mapping[str, Any], dotted: str) -> Any:
        first, *rest = dotted.split(".")
        found = namespace.get(first)
        for part in rest:
            found = getattr(found, part, None)
        return found


def _defaults(kind: type) -> dict[str, Any]:
    """The defaults of a class's constructor, by name."""
    try:
        parameters = inspect.signature(getattr(kind, "__init__")).parameters.values()  # noqa: B009  # mypy takes it for unsound
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _same(one: Any, other: Any) -> bool:
    """Whether two values are surely equal. Comparisons of the user's may raise, or return anything."""
    if one is other:
        return True
    try:
        return type(one) is type(other) and not isinstance(one, torch.Tensor) and bool(one == other)
    except Exception:
        return False
