"""The wrong one of two configurations is passed."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class WholeConfig:
    def __init__(self, text=2):
        self.text = text


class PartConfig:
    def __init__(self, width=32):
        self.width = width


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.width = config.width


GIVEN = {"config": Written("WholeConfig()")}
PROPOSES = [
    "Net(config=PartConfig())",
]
