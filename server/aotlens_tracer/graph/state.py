"""The parameters and buffers of a module that was built."""

from __future__ import annotations

import torch
from torch import nn

from ..wire.descriptor_map import StateTensor
from .birthplaces import Birthplaces
from .tensors import tensor_facts


def state_of(root: nn.Module, birthplaces: Birthplaces) -> tuple[StateTensor, ...]:
    """Return the parameters, then the buffers, each once, under its first name. Lazy ones are left out."""
    names: dict[int, list[str]] = {}
    kinds = (
        ("parameter", root.named_parameters(remove_duplicate=False)),
        ("buffer", root.named_buffers(remove_duplicate=False)),
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
        found.append(StateTensor(first, kind, dtype, shape, device, requires_grad, place, tuple(others), set_at))
    return tuple(found)
