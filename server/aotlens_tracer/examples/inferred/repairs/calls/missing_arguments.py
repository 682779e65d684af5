"""Pass required arguments that a wrapped signature does not show."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import Missing
from ..changes import supplied
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    if isinstance(failed.error, TypeError):
        for fact in failed.says(Missing):
            for name in fact.names:
                yield from supplied(failed, inputs, name)


RULE = Rule("missing-arguments", "the names of missing arguments", _propose)
