"""Classes of tensors that run operations themselves (`__torch_dispatch__`), and the objects that a call makes."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from unittest.mock import patch

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

__all__ = ["dispatches_itself", "faked", "has_result", "is_of_torch", "is_opaque", "noting_dispatch", "noting_wrappers"]


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


def faked(values: Mapping[str, Any]) -> tuple[FakeTensorMode, dict[str, Any]] | None:
    """Return fake tensors for plain real ones, and their mode; None if one of the values is of another kind."""
    if not all(type(value) in (torch.Tensor, torch.nn.Parameter) for value in values.values()):
        return None
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    return mode, {name: mode.from_tensor(value) for name, value in values.items()}


def has_result(operator: Any) -> bool:
    """Whether an operator returns something, by its schema."""
    schema = getattr(operator, "_schema", None)
    return schema is not None and bool(schema.returns)


@contextlib.contextmanager
def noting_dispatch(kinds: Iterable[type], note: Callable[[type, Any, Any], None]) -> Iterator[None]:
    """Tell `note` the class, the operator and the result of each call of `__torch_dispatch__` of these classes."""

    def noting(kind: type, original: Any) -> Any:
        def dispatch(cls: type, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = original.__get__(None, cls)(func, types, args, kwargs or {})
            note(kind, func, result)
            return result

        return classmethod(dispatch)

    with contextlib.ExitStack() as stack:
        for kind in kinds:
            original = inspect.getattr_static(kind, "__torch_dispatch__", None)
            if isinstance(original, (classmethod, staticmethod)):
                stack.enter_context(patch.object(kind, "__torch_dispatch__", noting(kind, original)))
        yield


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
