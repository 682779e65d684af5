"""Modules with sizes that torch.compile keeps symbolic."""

import torch
from torch import nn


def marked(tensor, *dimensions):
    """The tensor, with dimensions that torch.compile has to keep dynamic."""
    for dimension in dimensions:
        torch._dynamo.mark_dynamic(tensor, dimension)
    return tensor


# aotlens: AllDynamic()(torch.randn(4, 8), torch.randn(5, 4))
class AllDynamic(nn.Module):
    """Run with `dynamic=True`; two arguments share a size."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x, y):
        return y @ self.layer(x) * x.shape[0]


# aotlens: Marked()(marked(torch.randn(4, 7, 8), 0, 1), torch.randn(8))
class Marked(nn.Module):
    """Two dimensions of an argument are marked, the third is not."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 16)

    def forward(self, x, offset):
        return self.layer(x + offset).flatten(0, 1)


# aotlens: DynamicBreak()(torch.randn(6, 8), 5)
class DynamicBreak(nn.Module):
    """Run with `dynamic=True`; a symbolic number is an argument, and a symbolic size is a local after the break."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x, times):
        rows = x.shape[0] * times
        h = self.layer(x)
        torch._dynamo.graph_break()
        return self.head(h) * rows + times


# aotlens: Twice()(torch.randn(3, 8))
class Twice(nn.Module):
    """Called again with another size: torch makes that size symbolic of its own accord."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x):
        return self.layer(x).relu() + self.layer.bias
