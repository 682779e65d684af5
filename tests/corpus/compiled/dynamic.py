"""Modules that are run with `dynamic=True`: torch.compile keeps all sizes symbolic that it can."""

import torch
from torch import nn


# aotlens: AllDynamic()(torch.randn(4, 8), torch.randn(5, 4))
class AllDynamic(nn.Module):
    """Two arguments share a size."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x, y):
        return y @ self.layer(x) * x.shape[0]


# aotlens: DynamicBreak()(torch.randn(6, 8), 5)
class DynamicBreak(nn.Module):
    """A symbolic number is an argument, and a symbolic size is a local after the break."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x, times):
        rows = x.shape[0] * times
        h = self.layer(x)
        torch._dynamo.graph_break()
        return self.head(h) * rows + times
