"""The example of the README."""

import torch
from torch import nn


# aotlens: RunningNorm(4)(torch.randn(8, 4))
class RunningNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.scale = nn.Linear(width, width, bias=False)
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        self.mean.lerp_(x.detach().mean(0), 0.1)
        return {"out": self.scale(x - self.mean).tanh()}
