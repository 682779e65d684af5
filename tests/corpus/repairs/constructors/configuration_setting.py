"""A setting of a configuration is None, and the constructor needs it."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class NetConfig:
    def __init__(self, num_heads=None):
        self.num_heads = num_heads


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.size = 64 // config.num_heads


GIVEN = {"config": Written("NetConfig()")}
PROPOSES = [
    "Net(config=NetConfig(num_heads=4))",
]
