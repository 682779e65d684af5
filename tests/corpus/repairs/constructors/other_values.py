"""The number of groups does not fit."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels)


GIVEN = {"channels": Written("10"), "groups": Written("4")}
PROPOSES = [
    "Net(channels=10, groups=2)",
    "Net(channels=10, groups=1)",
]
