"""Eager's own error for an operation on fake tensors: it is made on real ones of the same sizes.

Fake tensors raise other texts, and let through what real ones refuse: a matrix product of float64 and float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..torch_private import FakeTensor, pytree, unset_fake_temporarily
from .calls import Call

MOST_BYTES = 64 << 20
"""The memory that the real operands may take."""
_SAME_TYPES: tuple[Callable[[torch.dtype], torch.dtype], ...] = (
    lambda dtype: torch.float32 if dtype.is_floating_point or dtype.is_complex else dtype,
    lambda dtype: torch.float32 if dtype.is_floating_point or dtype.is_complex else torch.int64,
    lambda dtype: torch.float32,
)
"""Ways to give tensors types that go together."""


def runs_on_real_tensors(call: Call) -> Exception | bool | None:
    """Return eager's error for a call whose operands are fake; True if it raises none, None if it was not made.

    It is made on zeros of the same sizes, strides, dtypes and devices.
    """
    return _made(call, lambda dtype: dtype)


def refused_for_types(call: Call) -> Exception | None:
    """Return the error that real tensors raise because of their types alone: with others the same call works."""
    dtypes = {leaf.dtype for leaf in pytree.tree_leaves((call.args, call.kwargs)) if isinstance(leaf, FakeTensor)}
    if len(dtypes) < 2:
        return None
    error = runs_on_real_tensors(call)
    if not isinstance(error, Exception) or not any(_made(call, to) is True for to in _SAME_TYPES):
        return None
    return error


def _made(call: Call, to: Callable[[torch.dtype], torch.dtype]) -> Exception | bool | None:
    if call.is_custom:  # it runs code of the user's
        return None
    fake = [leaf for leaf in pytree.tree_leaves((call.args, call.kwargs)) if isinstance(leaf, torch.Tensor)]
    # Tensors of `vmap` and other subclasses have no real tensor of the same kind.
    if not fake or not all(isinstance(leaf, FakeTensor) and leaf.device.type in ("cpu", "meta") for leaf in fake):
        return None
    try:
        if sum(leaf.untyped_storage().nbytes() for leaf in fake) > MOST_BYTES:
            return None
        with unset_fake_temporarily():
            args, kwargs = pytree.tree_map(lambda leaf: _real(leaf, to), (call.args, call.kwargs))
    except Exception:  # symbolic sizes, a layout without strides
        return None
    try:
        with unset_fake_temporarily():
            call.function(*args, **kwargs)
    except Exception as error:
        return error
    return True


def _real(leaf: Any, to: Callable[[torch.dtype], torch.dtype]) -> Any:
    if not isinstance(leaf, FakeTensor):
        return leaf
    dtype = to(leaf.dtype)
    with torch.no_grad():
        made = torch.empty_strided(leaf.size(), leaf.stride(), dtype=dtype, device=leaf.device).zero_()
    if not leaf.requires_grad:
        return made
    made.requires_grad_()
    return made if leaf.is_leaf else made.view_as(made)
