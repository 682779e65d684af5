"""The user's names for flat arguments and outputs: `batch['mask']`, `output.logits`.

AOTAutograd counts flat pytree leaves (`args[3]`, `output[1]`); the names come back from the pytree specs and the
signature of the call.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..failures import shown
from ..torch_private import called_by_ddp, pytree
from ..wire.descriptor_map import Argument
from .tensors import sizes

_LONGEST = 60
"""The number of characters of an object's text that are shown."""
_LONGEST_KEY = 400
_DEEPEST = 8
"""Containers in containers that are shown: one may contain itself."""
_DTYPES = {
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "complex64": "c64",
    "complex128": "c128",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint8": "u8",
    "bool": "b8",
}


def short_type(dtype: str) -> str:
    """Return torch's name of a type in brief: `f32` for `float32`."""
    return _DTYPES.get(dtype, dtype)


def argument_labels(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Return the names of the leaves of `(args, kwargs)`, in order: `x`, `batch['mask']`, `rest[0]`, `options['k']`."""
    names = _positional_names(function, len(args))
    labels: list[str] = []
    for name, value in zip(names, args):
        labels.extend(tree_labels(name, pytree.tree_structure(value)))
    spec = pytree.tree_structure(kwargs)
    for key, child in zip(_keys(spec), spec.children()):
        labels.extend(tree_labels(str(key), child))
    return labels


def output_labels(spec: pytree.TreeSpec) -> list[str]:
    """Return the names of the leaves of the call's result: `output`, `output[1]`, `output.logits`."""
    return tree_labels("output", spec)


def tree_labels(root: str, spec: pytree.TreeSpec) -> list[str]:
    """Return the names of the leaves of a pytree that the user calls `root`."""
    if spec.is_leaf():
        return [root]
    labels: list[str] = []
    for suffix, child in zip(_suffixes(spec), spec.children()):
        labels.extend(tree_labels(root + suffix, child))
    return labels


def _suffixes(spec: pytree.TreeSpec) -> list[str]:
    """Return the expressions that reach each child of a pytree node from it: `[0]`, `.logits`."""
    children = spec.children()
    if spec.type in (list, tuple):
        return [f"[{index}]" for index in range(len(children))]
    rebuilt = _rebuild(spec)
    fields = _field_names(rebuilt)
    suffixes = []
    for sentinel in _sentinels(len(children)):
        name = next((name for name in fields if getattr(rebuilt, name, None) == sentinel), None)
        suffixes.append(f".{name}" if name is not None else None)
    if None not in suffixes:
        return [suffix for suffix in suffixes if suffix is not None]
    keys = _keys(spec)
    if len(keys) != len(children):
        return [f"[{index}]" for index in range(len(children))]
    return [f"[{shown(key, _LONGEST_KEY)}]" for key in keys]


def _sentinels(count: int) -> list[str]:
    return [f"_aotlens_child_{index}" for index in range(count)]


def _rebuild(spec: pytree.TreeSpec) -> Any:
    """Return the node with a marker in place of each child, to see which attribute holds which; None if that fails."""
    children = spec.children()
    try:
        node = pytree.SUPPORTED_NODES[spec.type]
        return node.unflatten_fn(_sentinels(len(children)), spec.context)
    except Exception:  # its constructor accepts tensors only: the names stay unknown
        return None


def _field_names(value: Any) -> list[str]:
    if value is None:
        return []
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(value._fields)
    return [name for name in getattr(value, "__dict__", {}) if not name.startswith("_")]


def _keys(spec: pytree.TreeSpec) -> list[Any]:
    """Return the keys of a mapping node: its context is the list of keys, or (defaultdict) contains it."""
    context = spec.context
    candidates = [context, *context] if isinstance(context, (list, tuple)) else [context]
    for candidate in candidates:
        if isinstance(candidate, (list, tuple)) and len(candidate) == len(spec.children()):
            return list(candidate)
    return []


def named_arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by their names in its signature."""
    return {**dict(zip(_positional_names(function, len(args)), args)), **kwargs}


def _positional_names(function: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the first `count` positional parameters; those of `*rest` are `rest[0]` and so on."""
    parameters = _parameters(function)
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            rest = max(count - len(names), 0)
            names.extend(f"{parameter.name}[{index}]" for index in range(rest))
    names.extend(f"args[{index}]" for index in range(len(names), count))
    return names[:count]


def _parameters(function: Callable[..., Any]) -> Sequence[inspect.Parameter]:
    function = called_by_ddp(function)  # whose own arguments are *inputs and **kwargs
    call = function.forward if isinstance(function, torch.nn.Module) else function
    try:
        return list(inspect.signature(call).parameters.values())
    except (TypeError, ValueError):
        return []


def described_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Argument, ...]:
    """Return each argument of the call with its value in brief."""
    named = [*zip(_positional_names(function, len(args)), args), *kwargs.items()]
    return tuple(Argument(name, brief(value)) for name, value in named)


def brief(value: Any, depth: int = 0) -> str:
    """Return a value in brief: `f32[2, 16, 64]`, `{'mask': b8[2, 16]}`, `None`, `'relu'`."""
    if isinstance(value, torch.Tensor):
        text = f"{dtype_name(value.dtype)}[{', '.join(map(str, sizes(value)))}]"
        kind = type(value)
        plain = kind in (torch.Tensor, torch.nn.Parameter) or kind.__name__ == "FakeTensor"
        return text if plain else f"{kind.__name__} {text}"
    if depth >= _DEEPEST and isinstance(value, (dict, list, tuple)):
        return "..."
    if isinstance(value, dict):
        return "{" + ", ".join(f"{shown(key, _LONGEST)}: {brief(item, depth + 1)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        inner = ", ".join(brief(item, depth + 1) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ", ".join(f"{f.name}={brief(getattr(value, f.name), depth + 1)}" for f in dataclasses.fields(value))
        return f"{type(value).__name__}({fields})"
    return shown(value, _LONGEST)


def dtype_name(dtype: torch.dtype) -> str:
    """`f32` for torch.float32, in the abbreviations of torch's own graph printer."""
    name = str(dtype).removeprefix("torch.")
    return short_type(name)
