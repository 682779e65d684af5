"""Pass an argument that is None in the failing statement, or in one that led to it."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ..changes import supplied
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for place in failed.users():
        for name in place.names():
            if place.variables[name] is None:
                yield from supplied(failed, inputs, name)
        if place.frame is failed.root:
            return


RULE = Rule("none-read", "the variables of failing statements that are None", _propose)
