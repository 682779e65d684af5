"""Pass a list with more tensors, if code reads further than a list goes. Each is half as large as the one before."""

from __future__ import annotations

from dataclasses import replace

from ...calling.inputs import Inputs
from ...tables.facts import WrongRank
from ...values import Items, Tensor, Value
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_LONGEST = 6
_MAP = 4
"""The rank of feature maps."""


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    unpacked = isinstance(failed.error, ValueError) and next(iter(failed.says(WrongRank)), None)
    if not unpacked and not (isinstance(failed.error, IndexError) and "index out of range" in failed.message):
        return
    read = {type(place.variables[name]) for place in failed.users() for name in place.names()}
    if not read & {list, tuple}:
        return
    for name, value in failed.arguments.items():
        if isinstance(value, Items) and value.items and all(isinstance(item, Tensor) for item in value.items):
            wanted = unpacked.wanted[0] if unpacked else len(value.items) + 1
            for count in range(max(wanted, len(value.items) + 1), _LONGEST + 1):
                yield {**failed.arguments, name: _longer(value, count)}


def _longer(value: Items, count: int) -> Items:
    items: list[Value] = list(value.items)
    while len(items) < count:
        last = items[-1]
        if isinstance(last, Tensor) and len(last.shape) == _MAP and last.shape != getattr(items[0], "shape", None):
            last = replace(last, shape=(*last.shape[:2], *(max(size // 2, 1) for size in last.shape[2:])))
        items.append(last)
    return replace(value, items=tuple(items))


RULE = Rule("longer-list", "an index or an unpacking beyond a list's end", _propose)
