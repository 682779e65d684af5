"""Building modules with fake weights: support for what torch's fake tensors lack."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

from ..graph.birthplaces import Birthplaces
from ..torch_private import (
    FakeTensor,
    FakeTensorMode,
    deep_copies,
    patched_conversions,
    readable_constants,
    truncated_normal,
    unset_fake_temporarily,
)

LARGE = 1 << 20
"""Larger real tensors are not initialized: the values of weights change no graph."""


@contextlib.contextmanager
def fake_constructors(mode: FakeTensorMode, birthplaces: Birthplaces) -> Iterator[None]:
    """Let modules be built under `mode`, also if their constructors read tensors that they made of numbers."""
    with fake_modules(birthplaces), mode, readable_constants(mode):
        yield


@contextlib.contextmanager
def fake_modules(birthplaces: Birthplaces) -> Iterator[None]:
    """Let modules be built and changed under a fake mode, in ways that fake tensors alone do not support."""
    with _conversions(birthplaces), _lazy_parameters(), truncated_normal(), deep_copies():
        yield


@contextlib.contextmanager
def _lazy_parameters() -> Iterator[None]:
    """Let lazy modules be built. Their empty parameters are real: a fake tensor cannot become a subclass of them."""

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
def _conversions(birthplaces: Birthplaces) -> Iterator[None]:
    """Let `.to(dtype)`, `.half()` and the like work on modules with fake parameters.

    Each fake parameter is replaced by a new parameter; one that several modules share stays shared.
    """
    replaced: dict[int, tuple[nn.Parameter, nn.Parameter]] = {}

    def has_fake_parameters(module: nn.Module) -> bool:
        return any(isinstance(parameter, FakeTensor) for parameter in module.parameters(recurse=True))

    def replacement(parameter: nn.Parameter, convert: Callable[[torch.Tensor], torch.Tensor]) -> nn.Parameter:
        if id(parameter) not in replaced:
            with torch.no_grad():
                applied = convert(parameter)
            if applied is parameter:
                return parameter
            new = nn.Parameter(applied, parameter.requires_grad and applied.is_floating_point())
            birthplaces.replace(new, parameter)
            replaced[id(parameter)] = (parameter, new)
        return replaced[id(parameter)][1]

    with patched_conversions(has_fake_parameters, replacement, replaced.clear):
        yield


@contextlib.contextmanager
def light_initialization() -> Iterator[None]:
    """Leave out `nn.init` on large real tensors, which takes most of the time of building a real module."""
    names = [name for name in vars(nn.init) if name.endswith("_") and not name.startswith("_")]

    def lightened(original: Callable[..., Any]) -> Callable[..., Any]:
        def initialize(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if isinstance(tensor, torch.Tensor) and tensor.numel() > LARGE:
                return tensor
            return original(tensor, *args, **kwargs)

        return initialize

    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(patch.object(nn.init, name, lightened(getattr(nn.init, name))))
        yield
