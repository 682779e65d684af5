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
    "TorchDispatchMode",
    "functorch_layers",
    "is_operator",
    "is_traceable_wrapper_subclass",
    "may_allocate",
    "pytree",
    "saved_fields",
    "storage_key",
    "version_of",
]

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


@functools.cache
def saved_fields(kind: type) -> dict[str, str]:
    """Return the fields in which a class of autograd nodes keeps saved tensors: attribute to the name it has there."""
    return {name: name.removeprefix(_RAW) for name in dir(kind) if name.startswith(_RAW)}
