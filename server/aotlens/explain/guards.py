"""Guards in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aotlens_tracer.wire.compiled import Guard
from aotlens_tracer.wire.dynamo_expressions import read_expression

_SOURCE = re.compile(r"(?:L|G)\['\w+'\](?:\.\w+(?:\(\))?|\[[^\[\]]+\])*")
_MOST = 5
"""The number of conditions that a sentence names."""


def condition_in_words(condition: str) -> str:
    """Torch's text of a condition, with the user's names: `self.step == 0` for `L['self'].step == 0`."""
    return _SOURCE.sub(lambda match: read_expression(match[0]).name, condition)


def guard_in_words(guard: Guard) -> str:
    """The conditions of a guard with the user's names; those of a tensor after its name."""
    texts = [condition_in_words(condition) for condition in guard.conditions]
    return f"{guard.name}: {', '.join(texts)}" if guard.thing == "tensor" else ", ".join(texts)


def compiled_for(guards: Sequence[Guard]) -> str:
    """A sentence about the guards that one line needs."""
    texts = [f"`{guard_in_words(guard)}`" for guard in guards[:_MOST]]
    more = f" and {len(guards) - _MOST} more" if len(guards) > _MOST else ""
    return f"torch.compile compiles this for {', '.join(texts)}{more}, and anew if that does not hold"
