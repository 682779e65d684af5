"""The number of heads must divide the width."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        assert dim % heads == 0


GIVEN = {"dim": Written("64"), "heads": Written("12")}
PROPOSES = [
    "Net(dim=72, heads=12)",
    "Net(dim=64, heads=4)",
]
