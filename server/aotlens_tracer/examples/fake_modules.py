"""Building modules with fake weights: what fake tensors do not support by themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from ..birthplaces import Birthplaces
from ..capture.torch_private import FakeTensor, FakeTensorMode, readable_constants, unset_fake_temporarily

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
    with _conversions(birthplaces), _lazy_parameters(), _truncated_normal():
        yield


@contextlib.contextmanager
def _lazy_parameters() -> Iterator[None]:
    """Let lazy modules be built: their empty parameters are real, as a fake tensor cannot be made a subclass of."""
    classes = (nn.UninitializedParameter, nn.parameter.UninitializedBuffer)
    originals = [cls.__new__ for cls in classes]

    def outside(original: Callable[..., Any]) -> Callable[..., Any]:
        def new(*args: Any, **kwargs: Any) -> Any:
            with unset_fake_temporarily():
                return original(*args, **kwargs)

        return new

    for cls, original in zip(classes, originals):
        cls.__new__ = outside(original)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for cls, original in zip(classes, originals):
            cls.__new__ = original  # type: ignore[method-assign]


@contextlib.contextmanager
def _truncated_normal() -> Iterator[None]:
    """Let `nn.init.trunc_normal_` take fake tensors: it samples until all are in bounds (torch 2.13 to 2.15)."""
    original = nn.init._no_grad_trunc_normal_

    def initialize(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return tensor if isinstance(tensor, FakeTensor) else original(tensor, *args, **kwargs)

    nn.init._no_grad_trunc_normal_ = initialize
    try:
        yield
    finally:
        nn.init._no_grad_trunc_normal_ = original


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

    nn.Module._apply = fake_apply  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        nn.Module._apply = apply  # type: ignore[method-assign]


@contextlib.contextmanager
def light_initialization() -> Iterator[None]:
    """Leave out `nn.init` on large real tensors: it is most of the time that building a real module takes."""
    names = [name for name in vars(nn.init) if name.endswith("_") and not name.startswith("_")]
    originals = {name: getattr(nn.init, name) for name in names}

    def lightened(original: Callable[..., Any]) -> Callable[..., Any]:
        def initialize(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if isinstance(tensor, torch.Tensor) and tensor.numel() > LARGE:
                return tensor
            return original(tensor, *args, **kwargs)

        return initialize

    for name, original in originals.items():
        setattr(nn.init, name, lightened(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(nn.init, name, original)
