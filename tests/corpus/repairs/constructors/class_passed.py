"""A network that builds its blocks with a class that it is given, and reads an attribute of that class."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return self.fc(x)


class Net(nn.Module):
    def __init__(self, block: Block, depth):
        super().__init__()
        self.blocks = nn.ModuleList(block(width=64) for _ in range(depth))


GIVEN = {"block": Written("Block(64)"), "depth": Written("2")}
PROPOSES = [
    "Net(block=Block, depth=2)",
]
