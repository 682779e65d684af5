"""A class with a pinned example."""

import torch
from torch import nn


# aotlens: Pair(8)(torch.randn(3, 8), torch.randn(3, 8))
class Pair(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.left = nn.Linear(width, width)
        self.right = nn.Linear(width, width, bias=False)
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, a, b):
        both = self.left(a) + self.right(b)
        return (both * self.scale).sum(dim=-1)
