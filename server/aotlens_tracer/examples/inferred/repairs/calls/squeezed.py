"""Give an axis that is squeezed the size 1, if the tensor that remains has one axis too many."""

from __future__ import annotations

import ast

from ...calling.inputs import Inputs
from ...reading.calls import numbers
from ...tables.facts import WrongRank
from ..changes import with_size
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    if not failed.says(WrongRank):
        return
    for place in failed.users():
        for node in ast.walk(place.function) if place.function is not None else ():
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            tensor = place.tensor(node.func.value) if node.func.attr == "squeeze" and node.args else None
            for axis in numbers(node.args[0]) if tensor is not None else ():
                for path in failed.sources_of(tensor):
                    shape = failed.tensor(path).shape
                    if -len(shape) <= axis < len(shape) and shape[axis] != 1:
                        yield with_size(failed, path, axis % len(shape), 1)


RULE = Rule("squeezed", "that an axis is squeezed, and the rank that a tensor must have", _propose)
