"""Eager's own error for an operation that failed on fake tensors, whose texts differ from those of real ones."""

from __future__ import annotations

from typing import Any

import torch

from ..failures import clipped, text_of
from ..torch_private import FakeTensor, pytree, unset_fake_temporarily
from ..wire.problems import Raised
from .call_recorder import Call

MOST_BYTES = 64 << 20
"""The memory that the real operands may take."""


def runs_on_real_tensors(call: Call) -> Raised | bool | None:
    """Return eager's error for a call whose operands are fake; True if it raises none, None if it was not made.

    It is made on zeros of the same sizes, strides, dtypes and devices.
    """
    leaves = pytree.tree_leaves((call.args, call.kwargs))
    fake = [leaf for leaf in leaves if isinstance(leaf, FakeTensor)]
    if not fake or any(leaf.device.type not in ("cpu", "meta") for leaf in fake):
        return None
    try:
        if sum(leaf.untyped_storage().nbytes() for leaf in fake) > MOST_BYTES:
            return None
        with unset_fake_temporarily():
            args, kwargs = pytree.tree_map(_real, (call.args, call.kwargs))
    except Exception:  # symbolic sizes, a layout without strides
        return None
    try:
        with unset_fake_temporarily():
            call.function(*args, **kwargs)
    except Exception as error:
        return Raised(type(error).__name__, clipped(text_of(error)))
    return True


def _real(leaf: Any) -> Any:
    if not isinstance(leaf, FakeTensor):
        return leaf
    with torch.no_grad():
        made = torch.empty_strided(leaf.size(), leaf.stride(), dtype=leaf.dtype, device=leaf.device).zero_()
    if not leaf.requires_grad:
        return made
    made.requires_grad_()
    return made if leaf.is_leaf else made.view_as(made)
