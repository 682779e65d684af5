"""Give an axis the size that the message states."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import WrongSize
from ..changes import resized
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for fact in failed.says(WrongSize):
        yield from resized(failed, fact.got, fact.want, axis=fact.axis)


RULE = Rule("wrong-size", "a size and the one that it must be", _propose)
