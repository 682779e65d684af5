"""The annotations that `torch.fx.traceback.annotate` puts on operations, as plain values."""

from __future__ import annotations

from typing import Any

import torch

_OF_TORCH = ("call_id",)
"""Keys that torch's partitioner of `invoke_subgraph` sets in the same place."""


def annotations_of(node: torch.fx.Node) -> dict[str, Any]:
    """Return what the user's code has annotated an operation with; a value that JSON does not have is its repr."""
    found = node.meta.get("custom")
    if not isinstance(found, dict):
        return {}
    return {str(key): _plain(value) for key, value in found.items() if key not in _OF_TORCH}


def _plain(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (list, tuple):
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {str(key): _plain(item) for key, item in value.items()}
    return repr(value)
