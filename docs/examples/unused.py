"""A module with a parameter that gets no gradient."""

import torch
from torch import nn


# aotlens: Scaled(4)(torch.randn(8, 4))
class Scaled(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return self.linear(x).relu()
