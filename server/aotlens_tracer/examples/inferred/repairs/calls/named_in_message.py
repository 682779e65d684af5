"""Pass optional arguments that the message names."""

from __future__ import annotations

import re

from ...calling.inputs import Inputs
from ..changes import supplied
from ..failed_attempt import FailedAttempt
from ..rule import Distance, Proposals, Rule


def _propose(failed: FailedAttempt, inputs: Inputs) -> Proposals:
    for word in dict.fromkeys(re.findall(r"\w+", failed.message)):
        yield from supplied(failed, inputs, word)


RULE = Rule("named-in-message", "the words of the message", _propose, Distance.LIKELY)
