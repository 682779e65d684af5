"""Classes of tensors that run operations themselves (`__torch_dispatch__`), and the objects that a call makes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch

__all__ = ["dispatches_itself", "is_of_torch", "is_opaque", "noting_wrappers"]


def dispatches_itself(value: Any) -> bool:
    """Whether a value is a tensor whose class has a `__torch_dispatch__`."""
    dispatch = getattr(type(value), "__torch_dispatch__", None)
    disabled = torch._C._disabled_torch_dispatch_impl
    return isinstance(value, torch.Tensor) and dispatch is not None and dispatch is not disabled


def is_of_torch(kind: type) -> bool:
    """Whether a class is one of torch's own."""
    return f"{kind.__module__}.".startswith("torch.")


def is_opaque(value: Any) -> bool:
    """Whether a value is no tensor and torch takes it as a piece of a subclass nevertheless, such as a mesh."""
    try:
        from torch._library.opaque_object import is_opaque_type
    except ImportError:  # another version of torch
        return False
    return bool(is_opaque_type(type(value)))


@contextlib.contextmanager
def noting_wrappers(made: dict[type, Any]) -> Iterator[None]:
    """Note the first wrapper of each class that is made while this is entered."""
    original: Callable[..., Any] = torch.Tensor._make_wrapper_subclass

    def make(cls: type, *args: Any, **kwargs: Any) -> Any:
        wrapper = original(cls, *args, **kwargs)
        made.setdefault(cls, wrapper)
        return wrapper

    with patch.object(torch.Tensor, "_make_wrapper_subclass", staticmethod(make)):
        yield
