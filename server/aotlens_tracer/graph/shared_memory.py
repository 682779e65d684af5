"""Which of several tensors have memory of their own, and which are views of what another one has already."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..torch_private import storage_key
from .tensors import known_size, tensor_bytes

Geometry = tuple[int, tuple[tuple[int, int], ...]]


def owners(tensors: Sequence[torch.Tensor | None]) -> list[int]:
    """For each tensor the index of the one whose memory it shares; its own where it has some that no other one has.

    The largest of a storage has its memory, the first of several. Another one has memory of its own where it lies
    elsewhere in the storage and all of it together is no more than that: `q`, `k` and `v`, split from one projection.
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
    """Where the bytes of a tensor lie in its storage, however it counts its dimensions; None where that is unknown."""
    if tensor is None:
        return None
    unit = tensor.element_size()
    sizes, strides = [known_size(size) for size in tensor.shape], [known_size(step) for step in tensor.stride()]
    offset = known_size(tensor.storage_offset())
    if offset is None or None in sizes or None in strides:
        return None
    runs = [(1, unit)]
    for stride, size in sorted((step * unit, size) for step, size in zip(strides, sizes) if size != 1 and step):
        last_stride, last_size = runs[-1]
        if stride == last_stride * last_size:
            runs[-1] = (last_stride, last_size * size)
        else:
            runs.append((stride, size))
    return offset * unit, tuple(runs)
