"""The clash in a call of a function, in a layer's own check, or in a line that unpacks a shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ...torch_private import pytree
from ...wire.operands import Clash, ClashingPart
from ..calls import Call
from .rules import clashing_sizes
from .sides import Found, Side, clashing_in_broadcast

_ABOUT_DEVICES = ("same device", "expected device", "device type", "devices")
_ABOUT_TYPES = ("dtype", "scalar type", "type as", "data type", "must be long", "boolean mask", "input type")
_ABOUT_BROADCAST = ("must match the size of tensor", "broadcast", "not expandable", "doesn't match the broadcast")
"""Parts of torch's own messages, in lower case."""
_WANTS_RANK = re.compile(r"expected (\d)D(?: or (\d)D)? input \(got (\d)D input\)", re.IGNORECASE)
_UNPACKED = re.compile(r"(?:not enough|too many) values to unpack \(expected (\d+)")
_ONE_OPERAND = {"embedding": 0, "embedding_bag": 0, "cross_entropy": 1, "nll_loss": 1, "one_hot": 0, "masked_fill": 1}
"""The operand whose type is wrong whatever that of the others is, for an error about types."""


def clash_in_call(name: str | None, call: Call, text: str) -> Found | None:
    """Return what does not fit in a call of a function; `text` is the error that it raises."""
    lower = text.lower()
    tensors = [each for each in pytree.tree_leaves((call.args, call.kwargs)) if isinstance(each, torch.Tensor)]
    if any(part in lower for part in _ABOUT_DEVICES) and (found := _devices(tensors)):
        return found
    if any(part in lower for part in _ABOUT_TYPES) and (found := _types(name or "", call, tensors)):
        return found
    found = clashing_sizes(name, call) if name is not None else None
    if found is None and any(part in lower for part in _ABOUT_BROADCAST):
        found = clashing_in_broadcast(tensors)
    return found


def clash_in_layer(layer: nn.Module, inputs: Sequence[Any], text: str) -> Found | None:
    """Return what a layer of torch's refuses by a check of its own."""
    given = next((each for each in inputs if isinstance(each, torch.Tensor)), None)
    if given is None:
        return None
    if (match := _WANTS_RANK.search(text)) is not None and int(match[3]) == given.ndim:
        return "rank", (Side(given, None, given.ndim), Side(None, None, int(match[1])))
    last = int(given.shape[-1]) if given.ndim else None
    if isinstance(layer, nn.RNNBase) and isinstance(weight := getattr(layer, "weight_ih_l0", None), torch.Tensor):
        return ("size", (_last(given), Side(weight, 1, layer.input_size))) if last != layer.input_size else None
    if isinstance(layer, nn.MultiheadAttention) and last != layer.embed_dim:
        weight = next((each for each in (layer.in_proj_weight, layer.q_proj_weight) if each is not None), None)
        return "size", (_last(given), Side(weight, 1, layer.embed_dim))
    return None


def clash_in_unpacking(named: Sequence[tuple[str, Any]], text: str) -> Found | None:
    """Return the tensor whose sizes are unpacked into another number of names."""
    match = _UNPACKED.search(text)
    shapes = [(name, value) for name, value in named if isinstance(value, torch.Tensor)]
    if match is None or len(shapes) != 1:
        return None
    tensor = shapes[0][1]
    wanted = int(match[1])
    return ("rank", (Side(tensor, None, tensor.ndim), Side(None, None, wanted))) if wanted != tensor.ndim else None


def clash_among(found: Found | None, values: Sequence[Any]) -> Clash | None:
    """Return a clash whose parts are those of some operands; None if one of its tensors is not among these."""
    if found is None:
        return None
    kind, sides = found
    parts = []
    for side in sides:
        index = next((n for n, value in enumerate(values) if value is side.value), None)
        if index is None and side.value is not None:
            return None
        parts.append(ClashingPart(index, side.axis, side.size, side.text))
    return Clash(kind, tuple(parts))


def _last(tensor: torch.Tensor) -> Side:
    return Side(tensor, tensor.ndim - 1, int(tensor.shape[-1]))


def _devices(tensors: Sequence[torch.Tensor]) -> Found | None:
    """Return two tensors on different devices. A number on the CPU goes with every device."""
    given = [each for each in tensors if each.ndim or each.device.type != "cpu"]
    other = next((each for each in given if each.device != given[0].device), None)
    return ("device", (Side(given[0]), Side(other))) if other is not None else None


def _types(name: str, call: Call, tensors: Sequence[torch.Tensor]) -> Found | None:
    index = _ONE_OPERAND.get(name.rpartition(".")[2].rstrip("_"))
    if index is not None and index < len(call.args) and isinstance(call.args[index], torch.Tensor):
        wrong: torch.Tensor = call.args[index]
        if wrong.dtype not in (torch.int64, torch.bool):
            return "dtype", (Side(wrong),)
    other = next((each for each in tensors if each.dtype != tensors[0].dtype), None)
    if other is not None:
        return "dtype", (Side(tensors[0]), Side(other))
    return ("dtype", (Side(tensors[0]),)) if len(tensors) == 1 else None
