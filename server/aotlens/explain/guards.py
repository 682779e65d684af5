"""Guards in words."""

from __future__ import annotations

import re

from aotlens_tracer.wire.dynamo_expressions import read_expression

_SOURCE = re.compile(r"(?:L|G)\['\w+'\](?:\.\w+(?:\(\))?|\[[^\[\]]+\])*")


def condition_in_words(condition: str) -> str:
    """Torch's text of a condition, with the user's names: `self.step == 0` for `L['self'].step == 0`."""
    return _SOURCE.sub(lambda match: read_expression(match[0]).name, condition)
