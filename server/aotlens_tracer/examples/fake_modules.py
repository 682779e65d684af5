"""Building modules with fake weights: what fake tensors do not support by themselves."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

from ..graph.birthplaces import Birthplaces
from ..torch_private import FakeTensor, FakeTensorMode, readable_constants, unset_fake_temporarily

LARGE = 1 << 20
"""Elements from which on a real tensor's random initialization is left out: values of weights change no graph."""


@contextlib.contextmanager
def fake_constructors(mode: FakeTensorMode, birthplaces: Birthplaces) -> Iterator[None]:
    """Let modules be built under `mode`, also where their constructors read what they make of numbers."""
    with fake_modules(birthplaces), mode, readable_constants(mode):
        yield


@contextlib.contextmanager
def fake_modules(birthplaces: Birthplaces) -> Iterator[None]:
    """Let modules be built and changed under a fake mode that torch's fake tensors alone do not suffice for."""
    with _conversions(birthplaces), _lazy_parameters(), _truncated_normal(), _deep_copies():
        yield


@contextlib.contextmanager
def _lazy_parameters() -> Iterator[None]:
    """Let lazy modules be built: their empty parameters are real, as a fake tensor cannot be made a subclass of."""

    def outside(original: Callable[..., Any]) -> Callable[..., Any]:
        def new(*args: Any, **kwargs: Any) -> Any:
            with unset_fake_temporarily():
                return original(*args, **kwargs)

        return new

    with contextlib.ExitStack() as stack:
        for cls in (nn.UninitializedParameter, nn.parameter.UninitializedBuffer):
            stack.enter_context(patch.object(cls, "__new__", outside(cls.__new__)))
        yield


@contextlib.contextmanager
def _truncated_normal() -> Iterator[None]:
    """Let `nn.init.trunc_normal_` take fake tensors: it samples until all are in bounds (torch 2.13 to 2.15)."""
    original = nn.init._no_grad_trunc_normal_

    def initialize(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return tensor if isinstance(tensor, FakeTensor) else original(tensor, *args, **kwargs)

    with patch.object(nn.init, "_no_grad_trunc_normal_", initialize):
        yield


@contextlib.contextmanager
def _deep_copies() -> Iterator[None]:
    """Let `copy.deepcopy` take fake tensors, as those do that keep an average of a model.

    `Tensor.__deepcopy__` copies the fake mode with the tensor, and cannot copy the values that a fake tensor may keep,
    as those are real (torch 2.13 to 2.15).
    """

    def deepcopy(tensor: FakeTensor, memo: dict[int, Any]) -> Any:
        memo[id(tensor.fake_mode)] = tensor.fake_mode
        if tensor.constant is not None:
            with unset_fake_temporarily():
                copy.deepcopy(tensor.constant, memo)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Accessing the data pointer of FakeTensor")  # to see that it has none
            copied = torch.Tensor.__deepcopy__(tensor, memo)
        if copied.constant is not None:
            tensor.fake_mode.fake_tensor_converter.add_constant_storage_mapping(copied)
        return copied

    with patch.object(FakeTensor, "__deepcopy__", deepcopy):
        yield


@contextlib.contextmanager
def _conversions(birthplaces: Birthplaces) -> Iterator[None]:
    """Let `.to(dtype)`, `.half()` and the like work on modules with fake parameters.

    `nn.Module._apply` swaps the tensors of fake parameters, which fails as soon as anything refers to them weakly (the
    fake mode itself does). Here each is replaced by a new parameter; one that several modules share stays shared.
    """
    apply = nn.Module._apply
    depth = 0
    replaced: dict[int, tuple[Any, Any]] = {}

    def fake_apply(module: nn.Module, fn: Callable[..., Any], recurse: bool = True) -> nn.Module:
        nonlocal depth
        if not any(isinstance(p, FakeTensor) for p in module.parameters(recurse=True)):
            return apply(module, fn, recurse)
        depth += 1
        try:
            if recurse:
                for child in module.children():
                    child._apply(fn)
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    module._parameters[name] = replacement(parameter, fn)
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = fn(buffer)
            return module
        finally:
            depth -= 1
            if depth == 0:
                replaced.clear()

    def replacement(parameter: nn.Parameter, fn: Callable[..., Any]) -> nn.Parameter:
        if id(parameter) not in replaced:
            with torch.no_grad():
                applied = fn(parameter)
            if applied is parameter:
                return parameter
            new = nn.Parameter(applied, parameter.requires_grad and applied.is_floating_point())
            birthplaces.replace(new, parameter)
            replaced[id(parameter)] = (parameter, new)
        return replaced[id(parameter)][1]

    with patch.object(nn.Module, "_apply", fake_apply):
        yield


@contextlib.contextmanager
def light_initialization() -> Iterator[None]:
    """Leave out `nn.init` on large real tensors: it is most of the time that building a real module takes."""
    names = [name for name in vars(nn.init) if name.endswith("_") and not name.startswith("_")]

    def lightened(original: Callable[..., Any]) -> Callable[..., Any]:
        def initialize(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if isinstance(tensor, torch.Tensor) and tensor.numel() > LARGE:
                return tensor
            return original(tensor, *args, **kwargs)

        return initialize

    with patch.multiple(nn.init, **{name: lightened(getattr(nn.init, name)) for name in names}):
        yield
