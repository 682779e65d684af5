"""Pass an argument whose absence skipped a branch that makes what the failing statement reads.

`if skip is not None: x = torch.cat([x, skip])`, and then a layer fails on `x`.
"""

from __future__ import annotations

import ast

from ...calling.inputs import Inputs
from ...tables.input_names import input_kind
from ...values import Tensor, Value
from ..failed_attempt import FailedAttempt
from ..places import Place
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for place in failed.users():
        for name in _skipped(place):
            if name in inputs.parameters and name not in failed.arguments:
                for value in _values(failed, inputs, name):
                    yield {**failed.arguments, name: value}
        if place.frame is failed.root:
            return


def _skipped(place: Place) -> list[str]:
    """The variables that are None, and on whose condition a variable is assigned that the failing statement reads."""
    read, found = set(place.names()), []
    for node in ast.walk(place.function) if place.function is not None else ():
        if isinstance(node, ast.If):
            tested = [part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)]
            absent = [name for name in tested if place.variables.get(name, ...) is None]
            stored = {
                part.id
                for statement in node.body
                for part in ast.walk(statement)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
            if stored & read:
                found += absent
    return list(dict.fromkeys(found))


def _values(failed: FailedAttempt, inputs: Inputs, name: str) -> list[Value]:
    """The usual values, and the shapes of the other arguments, which come first if the name says nothing."""
    usual = [value for value in inputs.candidates(name) if value.expression != "None"]
    if not any(isinstance(value, Tensor) for value in usual):
        return usual
    alike: list[Value] = [value for value in failed.arguments.values() if isinstance(value, Tensor)]
    found = [*usual, *alike] if input_kind(name) is not None or inputs.demand(name) else [*alike, *usual]
    return list({value.expression: value for value in found}.values())


RULE = Rule("skipped-branch", "the conditions on variables that are None, before the failing statement", _propose)
