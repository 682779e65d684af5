"""Pass one of the words that the message quotes instead of a string that was refused."""

from __future__ import annotations

import re

from ...building.construction import Construction
from ...values import Written
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    quoted = [one or other for one, other in re.findall(r"'(\w+)'|\"(\w+)\"", failed.message)]
    for word in dict.fromkeys(quoted):
        for name, value in failed.arguments.items():
            if value.expression[:1] in "'\"" and value.expression.strip("'\"") != word:
                yield {**failed.arguments, name: Written(repr(word))}


RULE = Rule("quoted-choice", "the words that the message quotes", _propose)
