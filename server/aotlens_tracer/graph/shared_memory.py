"""Tensors with memory of their own, and tensors that are views of the memory of others."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..torch_private import storage_key
from .tensors import known_size, tensor_bytes

Geometry = tuple[int, tuple[tuple[int, int], ...]]


def owners(tensors: Sequence[torch.Tensor | None]) -> list[int]:
    """Return for each tensor the index of the one whose memory it shares; its own index if it shares none.

    The memory of a storage belongs to its largest tensor, the first of several. Another one has memory of its own if it
    lies elsewhere in the storage, and if all together take no more than that: `q`, `k`, `v`, split from one projection.
    """
    found = list(range(len(tensors)))
    sizes = [tensor_bytes(tensor) or 0 for tensor in tensors]
    members: dict[int, list[int]] = {}
    for index in sorted(found, key=lambda index: -sizes[index]):
        tensor = tensors[index]
        if tensor is not None and (key := storage_key(tensor)) is not None:
            members.setdefault(key, []).append(index)
    for first, *others in members.values():
        tensor = tensors[first]
        assert tensor is not None
        free = (known_size(tensor.untyped_storage().nbytes()) or 0) - sizes[first]
        places = {_geometry(tensor): first}
        for index in others:
            place = _geometry(tensors[index])
            if place is None or place in places or sizes[index] > free:
                found[index] = places.get(place, first)
            else:
                places[place] = index
                free -= sizes[index]
    return found


def _geometry(tensor: torch.Tensor | None) -> Geometry | None:
    """Return the place of a tensor's bytes in its storage, whatever its dimensions; None if it is unknown."""
    if tensor is None:
        return None
    unit = tensor.element_size()
    offset = known_size(tensor.storage_offset())
    steps: list[tuple[int, int]] = []
    for known_stride, known in zip(map(known_size, tensor.stride()), map(known_size, tensor.shape)):
        if known_stride is None or known is None:
            return None
        if known != 1 and known_stride:
            steps.append((known_stride * unit, known))
    if offset is None:
        return None
    runs = [(1, unit)]
    for stride, size in sorted(steps):
        last_stride, last_size = runs[-1]
        if stride == last_stride * last_size:
            runs[-1] = (last_stride, last_size * size)
        else:
            runs.append((stride, size))
    return offset * unit, tuple(runs)
