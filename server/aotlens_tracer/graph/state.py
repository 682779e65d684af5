"""The parameters and buffers of a module that was built."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import torch
from torch import nn

from ..torch_private import is_traceable_wrapper_subclass, names_of_buffers, names_of_parameters
from ..wire.descriptor_map import StateTensor
from .birthplaces import Birthplaces
from .placements import sharding_of
from .tensors import tensor_bytes, tensor_facts, tensors_in


def state_of(root: nn.Module, birthplaces: Birthplaces) -> tuple[StateTensor, ...]:
    """Return the parameters, then the buffers, each once, under its first name. Lazy ones are left out."""
    names: dict[int, list[str]] = {}
    kinds = (
        ("parameter", names_of_parameters(root)),
        ("buffer", names_of_buffers(root)),
    )
    tensors: dict[int, tuple[str, torch.Tensor]] = {}
    for kind, named in kinds:
        for name, tensor in named:
            names.setdefault(id(tensor), []).append(name)
            tensors.setdefault(id(tensor), (kind, tensor))
    found = []
    for key, (kind, tensor) in tensors.items():
        try:
            dtype, shape = tensor_facts(tensor)
        except RuntimeError:  # a lazy parameter
            continue
        if dtype is None or shape is None:
            continue
        first, *others = names[key]
        place = birthplaces.of_tensor(root, first)
        device, requires_grad, set_at = str(tensor.device), tensor.requires_grad, birthplaces.set_at(root, first)
        plain = StateTensor(first, kind, dtype, shape, device, requires_grad, place, tuple(others), set_at)
        found.append(_with_subclass(plain, tensor))
    return tuple(found)


def _with_subclass(plain: StateTensor, tensor: torch.Tensor) -> StateTensor:
    """Add what is known of a tensor subclass."""
    if not is_traceable_wrapper_subclass(tensor):
        return plain
    sizes = []
    with contextlib.suppress(Exception):  # the user's flatten protocol may be broken
        sizes = [tensor_bytes(inner) for _, inner in tensors_in(tensor) if not is_traceable_wrapper_subclass(inner)]
    known = [size for size in sizes if size is not None]
    total = sum(known) if known and len(known) == len(sizes) else None
    return replace(plain, type=type(tensor).__name__, bytes=total, sharding=sharding_of(tensor))
