"""Dataclasses that hold tensors, as pytrees."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import torch

from ..torch_private import pytree


def register_dataclasses(tree: Any) -> bool:
    """Make pytree nodes of the dataclasses in `tree` that are none yet; return whether there was one.

    Torch flattens only types that are registered; a plain dataclass would count as one opaque value.
    """
    found = False
    pending = [tree]
    while pending:
        leaves = pytree.tree_leaves(pending.pop(), is_leaf=None)
        for leaf in leaves:
            if dataclasses.is_dataclass(leaf) and not isinstance(leaf, (type, torch.Tensor)):
                with contextlib.suppress(ValueError):
                    torch.export.register_dataclass(type(leaf))
                    found = True
                    pending.append(leaf)
    return found
