"""Private facts of tensors, operators and autograd's nodes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import torch
import torch.utils._pytree as pytree
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode, is_traceable_wrapper_subclass

__all__ = [
    "StorageWeakRef",
    "TorchDispatchMode",
    "functorch_layers",
    "is_foreach",
    "is_operator",
    "is_traceable_wrapper_subclass",
    "may_allocate",
    "pytree",
    "saved_fields",
    "storage_key",
    "version_of",
    "without_torch_functions",
    "written_arguments",
]

without_torch_functions = torch._C.DisableTorchFunction
"""A context in which attributes of tensors are read without any `__torch_function__`, also of modes."""
_RAW = "_raw_saved_"


def storage_key(tensor: torch.Tensor) -> int | None:
    """Return a key that two tensors share exactly if they share memory; None for wrapper subclasses: they have none."""
    if is_traceable_wrapper_subclass(tensor):
        return None
    try:
        key: int = StorageWeakRef(tensor.untyped_storage()).cdata  # type: ignore[no-untyped-call]  # torch has no types
        return key
    except (NotImplementedError, RuntimeError):
        return None


def version_of(tensor: torch.Tensor) -> int:
    """Return how often a tensor was changed in place."""
    return tensor._version


def is_operator(target: Any) -> bool:
    """Whether the target of a node is one of torch's operators, not a Python function."""
    return hasattr(target, "_schema")


def is_foreach(operator: Any) -> bool:
    """Whether an operator works on lists of tensors at once, as optimizers use it."""
    schema = getattr(operator, "_schema", None)
    return schema is not None and schema.name.startswith("aten::_foreach_")


def may_allocate(operator: Any) -> bool:
    """Whether an operator has a result that is not, by its schema, a view of an argument or that argument.

    True for an operator without a schema. `lift_fresh` returns what `torch.tensor` has just made.
    """
    schema = getattr(operator, "_schema", None)
    if schema is None or schema.name == "aten::lift_fresh":
        return True
    return any(item.alias_info is None for item in schema.returns)


def functorch_layers(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield a tensor, and what the transforms of `torch.func` have wrapped in it, from the outside inwards."""
    yield tensor
    while torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        tensor = torch._C._functorch.get_unwrapped(tensor)
        yield tensor


def written_arguments(operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return the arguments of an operator's call that it writes to, by its schema: tensors, and lists of them."""
    schema = getattr(operator, "_schema", None)
    if schema is None or not schema.is_mutable:
        return []
    named = {argument.name: value for argument, value in zip(schema.arguments, args)} | kwargs
    written = [each.name for each in schema.arguments if each.alias_info is not None and each.alias_info.is_write]
    return [named[name] for name in written if name in named]


@functools.cache
def saved_fields(kind: type) -> dict[str, str]:
    """Return the fields in which a class of autograd nodes keeps saved tensors: attribute to the name it has there."""
    return {name: name.removeprefix(_RAW) for name in dir(kind) if name.startswith(_RAW)}
