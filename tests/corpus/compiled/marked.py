"""Modules with some symbolic sizes: marked ones, and one that torch finds out by itself."""

import torch
from torch import nn


def marked(tensor, *dimensions):
    """The tensor, with dimensions that torch.compile has to keep dynamic."""
    for dimension in dimensions:
        torch._dynamo.mark_dynamic(tensor, dimension)
    return tensor


# aotlens: Marked()(marked(torch.randn(4, 7, 8), 0, 1), torch.randn(8))
class Marked(nn.Module):
    """Two dimensions of an argument are marked, the third is not."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 16)

    def forward(self, x, offset):
        return self.layer(x + offset).flatten(0, 1)


# aotlens: Twice()(torch.randn(3, 8))
class Twice(nn.Module):
    """Called again with another size: torch makes that size symbolic of its own accord."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x):
        return self.layer(x).relu() + self.layer.bias


def weakly_marked(tensor, dimension):
    """The tensor, with a dimension that torch.compile may keep dynamic."""
    torch._dynamo.maybe_mark_dynamic(tensor, dimension)
    return tensor


# aotlens: SecondTime()(weakly_marked(torch.randn(5, 8), 0))
class SecondTime(Twice):
    """The graph that `Twice` gets for its second call, as the only one."""


# aotlens: MarkedBreak()(marked(torch.randn(6, 8), 0))
class MarkedBreak(nn.Module):
    """A local after a graph break has the symbolic size that it has in the graph before; a part of it has none."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        h = self.layer(x).relu()
        first = h[:2]
        torch._dynamo.graph_break()
        return self.head(h), self.head(first)
