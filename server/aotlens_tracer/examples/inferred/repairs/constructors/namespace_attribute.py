"""Add the attribute that a made-up configuration lacks."""

from __future__ import annotations

from ...building.construction import Construction
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_MADE_UP = "SimpleNamespace"


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    error = failed.error
    if not isinstance(error, AttributeError) or error.name is None or _MADE_UP not in failed.message:
        return
    for name, value in failed.arguments.items():
        if f"{_MADE_UP}(" in value.expression:
            added = f"{error.name}={construction.by_name(error.name).expression}"
            text = f"{value.expression[:-1]}, {added})".replace("(, ", "(")
            yield {**failed.arguments, name: Written(text)}


RULE = Rule("namespace-attribute", "the attribute that a configuration made of nothing lacks", _propose)
