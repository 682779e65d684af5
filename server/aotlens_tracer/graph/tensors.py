"""Facts about a tensor: its dtype, its shape, its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from ..torch_private import is_traceable_wrapper_subclass, storage_key, version_of


def pieces_of(value: Any) -> list[Any]:
    """Return what the names in the list of `__tensor_flatten__` stand for; empty for a plain tensor."""
    if not is_traceable_wrapper_subclass(value):
        return []
    names, _ = value.__tensor_flatten__()
    return [getattr(value, name) for name in names]


def tensors_in(value: Any, path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors inside a tensor subclass, each with the path to it, `.a.b`; nothing for any other value."""
    if not is_traceable_wrapper_subclass(value):
        return
    for name in value.__tensor_flatten__()[0]:
        piece = getattr(value, name)
        if isinstance(piece, torch.Tensor):
            yield f"{path}.{name}", piece
            yield from tensors_in(piece, f"{path}.{name}")


def storages_of(value: Any) -> list[int]:
    """Return keys that tensors with the same memory have in common: one, or one for each tensor in a subclass."""
    if not isinstance(value, torch.Tensor):
        return []
    if is_traceable_wrapper_subclass(value):
        return [key for piece in pieces_of(value) for key in storages_of(piece)]
    key = storage_key(value)
    return [key] if key is not None else []


def versions_of(tensor: torch.Tensor) -> list[int | None]:
    """Return how often a tensor was changed in place, and each tensor in a subclass; None where that is not counted."""
    try:
        version = version_of(tensor)
    except RuntimeError:  # an inference tensor has none
        version = None
    inner = (piece for piece in pieces_of(tensor) if isinstance(piece, torch.Tensor))
    return [version, *(each for piece in inner for each in versions_of(piece))]


def piece_at(value: Any, steps: Sequence[tuple[str, Any]]) -> Any:
    """Return the piece of a tensor subclass at the end of some steps; None if they lead to no attribute of it.

    The steps are those of `piece_path` of `descriptors`.
    """
    for kind, name in steps:
        value = getattr(value, name, None) if kind == "attr" else None
    return value


def tensor_facts(value: Any) -> tuple[str | None, tuple[int | str, ...] | None]:
    """Return the dtype and shape of a tensor, a symbolic size as its expression; (None, None) for anything else."""
    if not isinstance(value, torch.Tensor):
        return None, None
    return str(value.dtype).removeprefix("torch."), sizes(value)


def sizes(value: torch.Tensor) -> tuple[int | str, ...]:
    """Return the shape of a tensor, a symbolic size as its expression, and `*` where the rows differ in their size."""
    if value.is_nested and value.layout is torch.strided:
        return tuple(_size_of_nested(value, dimension) for dimension in range(value.dim()))
    return tuple(size if type(size) is int else str(size) for size in value.shape)


def _size_of_nested(value: torch.Tensor, dimension: int) -> int | str:
    try:
        return value.size(dimension)
    except RuntimeError:  # "Given dimension 1 is irregular and does not have a size"
        return "*"


def strides(value: torch.Tensor) -> tuple[int | str, ...] | None:
    """Return the strides of a tensor in elements, a symbolic one as its expression; None if its layout has none."""
    try:
        steps = value.stride()
    except Exception:  # a sparse tensor, or a subclass that does not answer
        return None
    return tuple(step if type(step) is int else str(step) for step in steps)


def symbol_of(value: Any) -> str | None:
    """Return the expression of a symbolic number, as in the shapes of tensors; None for anything else."""
    return str(value) if isinstance(value, (torch.SymInt, torch.SymFloat)) else None


def tensor_bytes(value: Any) -> int | None:
    """Return the bytes that a tensor's elements take, those that `expand` repeats counted once.

    A symbolic size counts as torch's hint for it, the example's own. None if one has no hint, and for no tensor.
    """
    if not isinstance(value, torch.Tensor):
        return None
    steps = value.stride() if value.layout is torch.strided and not value.is_nested else (1,) * value.dim()
    count = value.element_size()
    for size, step in zip(value.shape, steps):
        known = known_size(size)
        if known is None:
            return None
        count *= min(known, 1) if type(step) is int and step == 0 else known
    return count


def known_size(size: int | torch.SymInt) -> int | None:
    """Return a size as an int: for a symbolic one torch's hint for it, None without a hint."""
    return size.node.hint if isinstance(size, torch.SymInt) else size
