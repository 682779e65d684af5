"""In-place errors that the capture does not meet: they end the training steps in eager."""

import torch
from torch import nn


# aotlens: Foreach(4)(torch.randn(3, 4))
class Foreach(nn.Module):
    """A fused operation changes several tensors at once; the capture makes new ones instead."""

    def __init__(self, n):
        super().__init__()
        self.a = nn.Linear(n, n)
        self.scale = float(torch.rand(1).item())  # read from data: real tensors, whose versions count such changes

    def forward(self, x):
        h = self.a(x)
        y = h * h  # needed
        torch._foreach_mul_([h], self.scale)  # changed
        return h + y
