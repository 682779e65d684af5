"""A word is refused, and the message quotes those that are allowed."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, mode):
        super().__init__()
        if mode not in MODES:
            raise ValueError("mode must be 'linear' or 'cubic'")


MODES = frozenset(("linear", "cubic"))


GIVEN = {"mode": Written("'layer'")}
PROPOSES = [
    "Net(mode='linear')",
    "Net(mode='cubic')",
]
