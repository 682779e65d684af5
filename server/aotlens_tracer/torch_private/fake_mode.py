"""Fake tensors: tensors with a shape and a dtype but without data."""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import torch
import torch.utils._pytree as pytree
from torch import nn
from torch._subclasses import fake_tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    FakeTensor,
    FakeTensorMode,
    unset_fake_temporarily,
)
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = [
    "DataDependentOutputException",
    "FakeTensor",
    "FakeTensorMode",
    "deep_copies",
    "fake_mode",
    "readable_constants",
    "truncated_normal",
    "unset_fake_temporarily",
]

# It logs each operation that fails, with torch's own stack, and then raises the error that is reported anyway.
logging.getLogger("torch._subclasses.fake_tensor").addFilter(
    lambda record: not str(record.msg).startswith("failed while attempting to run meta")
)


def fake_mode() -> FakeTensorMode:
    """Return a mode whose tensors have shapes but no data; real tensors that meet them are taken as fake."""
    return FakeTensorMode(allow_non_fake_inputs=True)


_READABLE = 1 << 10
"""Elements up to which a tensor keeps its values within `readable_constants`."""
_aten = torch.ops.aten
_MAKERS = frozenset(
    (_aten.arange, _aten.eye, _aten.full, _aten.linspace, _aten.logspace, _aten.ones, _aten.scalar_tensor, _aten.zeros)
)
"""Operators that make a tensor from numbers, the same each time."""


@contextlib.contextmanager
def readable_constants(mode: FakeTensorMode) -> Iterator[None]:
    """Let small tensors that are made from numbers keep their values, so that a constructor can read them.

    Many do: `[rate.item() for rate in torch.linspace(0, 0.1, 12)]`. The fake mode itself keeps the value of a tensor
    with one element, and of whatever is computed from it (CONSTANT_NUMEL_LIMIT, torch 2.13 to 2.15). On leaving, all
    larger tensors forget their values: a call that reads a buffer depends on data.
    """
    converter = mode.fake_tensor_converter
    limit = fake_tensor.CONSTANT_NUMEL_LIMIT
    try:
        with patch.object(fake_tensor, "CONSTANT_NUMEL_LIMIT", _READABLE), _Constants(mode):
            yield
    finally:
        kept = [reference() for references in converter.constant_storage_mapping.values() for reference in references]
        _forget_values(mode, [tensor for tensor in kept if tensor is not None and tensor.numel() > limit])


def _forget_values(mode: FakeTensorMode, values: list[Any]) -> None:
    """Take the data from the fake tensors among the values, and from their views."""
    for constant in [value.constant for value in values if isinstance(value, FakeTensor)]:
        if constant is not None:
            mode.fake_tensor_converter.invalidate_constant_aliases(constant)


class _Constants(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types
    """Keeps the values of tensors made from numbers, inside a fake mode that was entered before."""

    supports_higher_order_operators = True

    def __init__(self, mode: FakeTensorMode) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types
        self._mode = mode

    def __torch_dispatch__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        try:
            made = function(*args, **kwargs)
        except NotImplementedError:  # a tensor without storage (a sparse one) keeps no values
            _forget_values(self._mode, pytree.tree_leaves((args, kwargs)))
            made = function(*args, **kwargs)
        if getattr(function, "overloadpacket", None) not in _MAKERS or not isinstance(made, FakeTensor):
            return made
        if made.numel() > _READABLE or made.device.type != "cpu":
            return made
        with contextlib.suppress(Exception):  # what cannot be made here: pinned memory without a GPU
            with unset_fake_temporarily():
                values = function(*args, **kwargs)
            return self._mode.fake_tensor_converter.from_real_tensor(self._mode, values, make_constant=True)
        return made


@contextlib.contextmanager
def truncated_normal() -> Iterator[None]:
    """Let `nn.init.trunc_normal_` take fake tensors: it samples until all are in bounds (torch 2.13 to 2.15)."""
    original = nn.init._no_grad_trunc_normal_

    def initialize(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return tensor if isinstance(tensor, FakeTensor) else original(tensor, *args, **kwargs)

    with patch.object(nn.init, "_no_grad_trunc_normal_", initialize):
        yield


@contextlib.contextmanager
def deep_copies() -> Iterator[None]:
    """Let `copy.deepcopy` take fake tensors, as models do that keep an average of another.

    `Tensor.__deepcopy__` copies the fake mode with the tensor, and cannot copy the values that a fake tensor may keep,
    because those are real (torch 2.13 to 2.15).
    """

    def deepcopy(tensor: FakeTensor, memo: dict[int, Any]) -> Any:
        memo[id(tensor.fake_mode)] = tensor.fake_mode
        if tensor.constant is not None:
            with unset_fake_temporarily():
                copy.deepcopy(tensor.constant, memo)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Accessing the data pointer of FakeTensor")  # to see that it has none
            copied = torch.Tensor.__deepcopy__(tensor, memo)  # type: ignore[no-untyped-call]  # torch has no types
        if copied.constant is not None:
            tensor.fake_mode.fake_tensor_converter.add_constant_storage_mapping(copied)
        return copied

    with patch.object(FakeTensor, "__deepcopy__", deepcopy):
        yield
