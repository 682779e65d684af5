"""Make two sizes equal that a condition of the constructor compares."""

from __future__ import annotations

from ...building.construction import Construction
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    place = failed.innermost()
    for compared in place.comparisons() if place is not None else ():
        one, other = compared.left_value, compared.right_value
        if type(one) is not int or type(other) is not int or one == other:
            continue
        for got, want in ((one, other), (other, one)):
            for name, value in failed.arguments.items():
                if value.expression == str(got):
                    yield {**failed.arguments, name: Written(str(want))}


RULE = Rule("equal-sides", "two sizes that a condition compares", _propose)
