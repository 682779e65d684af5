"""Pass required arguments that a wrapped signature does not show, or that are passed on with `**`."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import Missing
from ..changes import supplied
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    if not isinstance(failed.error, TypeError):
        return
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in inputs.parameters.values())
    for fact in failed.says(Missing):
        passed_on = [name for name in fact.names if name not in inputs.parameters and name not in failed.arguments]
        if takes_any and passed_on:
            yield {**failed.arguments, **{name: inputs.candidates(name)[0] for name in passed_on}}
        for name in fact.names:
            yield from supplied(failed, inputs, name)


RULE = Rule("missing-arguments", "the names of missing arguments", _propose)
