"""Pass another value than one that the condition of a `raise` or an `assert` refuses, defaults included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from ...building.construction import Construction
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..names_read import places_within
from ..places import Place
from ..rule import Proposals, Rule

_NUMBERS = (1, 2, 4, 8, 16, 64, 3, 5, 0)
_MOST = 3
"""Values that are proposed for one argument."""


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    if failed.receiver is None:
        return
    for place in places_within(failed, construction):
        for condition in place.conditions():
            for name in dict.fromkeys(node.id for node in ast.walk(condition) if isinstance(node, ast.Name)):
                if _is_argument(name, place, failed, construction):
                    found = _accepted(place, condition, name, construction)
                    for _, value in zip(range(_MOST), found):
                        yield {**failed.arguments, name: Written(repr(value))}


def _is_argument(name: str, place: Place, failed: FailedAttempt, construction: Construction) -> bool:
    """Whether a variable has the value of the constructor's parameter of that name."""
    if failed.receiver is None or name not in failed.receiver.f_locals or not construction.can_pass(name):
        return False
    value = place.variables.get(name)
    return type(value) in (int, float, bool, str) and failed.receiver.f_locals[name] == value


def _accepted(place: Place, condition: ast.expr, name: str, construction: Construction) -> Iterator[Any]:
    """Values with which the condition comes out in the other way."""
    value = place.variables[name]
    refused = place.truth(condition, {})
    for candidate in _candidates(name, value, condition, construction):
        if candidate != value and refused is not None and place.truth(condition, {name: candidate}) is (not refused):
            yield candidate


def _candidates(name: str, value: Any, condition: ast.expr, construction: Construction) -> Iterator[Any]:
    constants = [node.value for node in ast.walk(condition) if isinstance(node, ast.Constant)]
    if type(value) is bool:
        yield not value
    elif isinstance(value, str):
        yield from (each for each in (*constants, *construction.usage.literals.get(name, ())) if isinstance(each, str))
    else:
        usual = construction.by_name(name).expression
        numbers = [int(usual)] if usual.isdigit() else []
        numbers += [each for each in constants if type(each) is int]
        yield from dict.fromkeys((*numbers, *(each + 1 for each in numbers), *_NUMBERS))
        if isinstance(value, float):
            yield 0.5


RULE = Rule("refused-value", "the condition that leads to a `raise`", _propose)
