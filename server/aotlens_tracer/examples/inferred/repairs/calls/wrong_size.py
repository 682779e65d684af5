"""Give an axis the size that the message states, or that has as many pieces as are unpacked."""

from __future__ import annotations

from ...calling.inputs import Inputs
from ...tables.facts import WrongSize
from ..changes import resized
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    if (cut := failed.unpacked) is not None and cut.size is not None and cut.wanted_size is not None:
        yield from resized(failed, cut.size, cut.wanted_size)
    for fact in failed.says(WrongSize):
        yield from resized(failed, fact.got, fact.want, axis=fact.axis)


RULE = Rule("wrong-size", "a size and the one that it must be, also if too many pieces of it are unpacked", _propose)
