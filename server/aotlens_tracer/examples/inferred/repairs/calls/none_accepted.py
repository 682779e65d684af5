"""Pass None for an argument if what fails is done only for one that is not None."""

from __future__ import annotations

import ast

from ...calling.inputs import Inputs
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Distance, Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    place = next((place for place in failed.users() if place.frame is failed.root), None)
    for condition in place.surrounding_conditions() if place is not None else ():
        for node in ast.walk(condition):
            if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and _is_not_none(node):
                name = node.left.id
                if name in failed.arguments and failed.arguments[name].expression != "None":
                    yield {**failed.arguments, name: Written("None")}


def _is_not_none(node: ast.Compare) -> bool:
    other = node.comparators[0]
    return isinstance(node.ops[0], ast.IsNot) and isinstance(other, ast.Constant) and other.value is None


RULE = Rule("none-accepted", "a condition that an argument is not None", _propose, Distance.LIKELY)
