"""The children of a module as a list that can be cut short, and what a module keeps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

_KEPT = frozenset({"_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"})


@dataclass(frozen=True)
class Parts:
    """All that one module keeps itself: tensors and submodules by name (None for one that is absent), and attributes.

    `transient` are the names of buffers that no checkpoint has. The attributes include torch's own, such as hooks.
    """

    parameters: Mapping[str, torch.Tensor | None]
    buffers: Mapping[str, torch.Tensor | None]
    modules: Mapping[str, nn.Module | None]
    transient: frozenset[str]
    attributes: dict[str, Any]


def parts_of_module(module: nn.Module) -> Parts:
    """Return what a module keeps."""
    return Parts(
        module._parameters,
        module._buffers,
        module._modules,
        frozenset(getattr(module, "_non_persistent_buffers_set", ())),
        {name: value for name, value in vars(module).items() if name not in _KEPT},
    )


@contextlib.contextmanager
def first_children(container: nn.Module, count: int) -> Iterator[None]:
    """Leave only the first children in a module."""
    kept = container._modules
    container._modules = dict(list(kept.items())[:count])
    try:
        yield
    finally:
        container._modules = kept


def hooks_of_saved_tensors() -> str | None:
    """Return the name of the hook that packs what autograd saves at this moment; None without one."""
    top: Any = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    hooks = top(True) if top is not None else None
    return getattr(hooks[0], "__qualname__", type(hooks[0]).__name__) if hooks else None
