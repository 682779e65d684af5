"""What is told of a tensor: its dtype, its shape, its bytes."""

from __future__ import annotations

from typing import Any

import torch


def tensor_facts(value: Any) -> tuple[str | None, tuple[int | str, ...] | None]:
    """dtype and shape of a tensor, a symbolic size as its expression; (None, None) for anything else."""
    if not isinstance(value, torch.Tensor):
        return None, None
    shape = tuple(size if type(size) is int else str(size) for size in value.shape)
    return str(value.dtype).removeprefix("torch."), shape


def tensor_bytes(value: Any) -> int | None:
    """Elements times element size. A symbolic size counts as torch's hint for it, the example's own."""
    if not isinstance(value, torch.Tensor):
        return None
    count = value.element_size()
    for size in value.shape:
        if isinstance(size, torch.SymInt):
            hint = size.node.hint
            if hint is None:
                return None
            size = hint
        count *= int(size)
    return count
