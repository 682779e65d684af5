"""Pass the arguments that may be left out, one at a time."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ..changes import supplied
from ..failed_attempt import FailedAttempt
from ..rule import Distance, Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for name, parameter in inputs.parameters.items():
        if name not in failed.arguments and parameter.default is None:
            yield from supplied(failed, inputs, name)


RULE = Rule("optional-arguments", "nothing", _propose, Distance.FALLBACK)
