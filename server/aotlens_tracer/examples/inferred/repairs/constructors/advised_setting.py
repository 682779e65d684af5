"""Pass what the message advises: `set add_self_loops=False`, for a parameter of the constructor."""

from __future__ import annotations

import ast
import re

from ...building.construction import Construction
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule

_SETTING = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*=\s*(None|True|False|-?\d+(?:\.\d+)?|'\w*'|\"\w*\")")


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    for name, text in _SETTING.findall(failed.message):
        given = failed.arguments.get(name)
        if construction.can_pass(name) and (given is None or given.expression != text):
            yield {**failed.arguments, name: Written(repr(ast.literal_eval(text)))}


RULE = Rule("advised-setting", "settings that the message spells out as code", _propose)
