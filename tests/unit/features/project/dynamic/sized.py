"""Sizes that may change: of a plain tensor, and of a tensor subclass."""

import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor


def pair(*shape):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape))


# aotlens: Sized(8)(torch.randn(6, 3, 8), pair(6, 8)); x: dynamic(0, name="batch", min=2, max=64); x: dynamic(1);
#   bias: dynamic(0, name="batch")
class Sized(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, width)

    def forward(self, x, bias):
        B, T, C = x.shape
        up = self.up(x).view(B * T, C)
        return up.relu(), self.up(bias), B
