"""Give an argument a size that another one divides, where a condition of the constructor asks for it."""

from __future__ import annotations

import ast
import math

from ...building.construction import Construction
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    place = failed.innermost()
    given = failed.arguments
    for compared in place.comparisons() if place is not None else ():
        sides = [side for side in (compared.left, compared.right) if isinstance(side, ast.BinOp)]
        remainder = next((side for side in sides if isinstance(side.op, ast.Mod)), None)
        one, other = compared.left_value, compared.right_value
        if place is None or remainder is None or type(one) is not int or type(other) is not int:
            continue
        if one == other or 0 not in (one, other):
            continue
        size, divisor = place.value(remainder.left), place.value(remainder.right)
        if type(size) is not int or type(divisor) is not int or divisor <= 0:
            continue
        for name, value in given.items():
            if value.expression == str(size):
                yield {**given, name: Written(str((size // divisor + 1) * divisor))}
        for name, value in given.items():
            if value.expression == str(divisor) and (common := math.gcd(size, divisor)) > 1:
                yield {**given, name: Written(str(common))}


RULE = Rule("divisible-sizes", "a condition that one size divides another", _propose)
