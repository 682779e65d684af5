"""Try the next candidates for the arguments that the failing statement of `forward` reads, then for all."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ..failed_attempt import FailedAttempt
from ..rule import Distance, Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    place = next((place for place in failed.users() if place.frame is failed.root), None)
    read = [name for name in place.names() if name in failed.arguments] if place is not None else []
    for name in dict.fromkeys((*read, *failed.arguments)):
        for value in inputs.candidates(name):
            if value.expression != failed.arguments[name].expression:
                yield {**failed.arguments, name: value}


RULE = Rule("other-candidates", "the arguments that the failing statement reads", _propose, Distance.LIKELY)
