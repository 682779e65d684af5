"""The losses in the result of a call: its tensors without axes."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Any

import torch

_DEEPEST = 4
"""How deep a result is searched."""


def scalars_in(result: Any, depth: int = _DEEPEST) -> int:
    """Return the number of floating-point tensors without axes in a result.

    Its lists, mappings, dataclasses and plain namespaces are searched.
    """
    if isinstance(result, torch.Tensor):
        return int(result.dim() == 0 and result.is_floating_point())
    if not depth:
        return 0
    if isinstance(result, Mapping):
        items = list(result.values())
    elif isinstance(result, (list, tuple)):
        items = list(result)
    elif dataclasses.is_dataclass(result) and not isinstance(result, type):
        items = [getattr(result, field.name, None) for field in dataclasses.fields(result)]
    elif isinstance(result, types.SimpleNamespace):
        items = list(vars(result).values())
    else:
        return 0
    return sum(scalars_in(item, depth - 1) for item in items)
