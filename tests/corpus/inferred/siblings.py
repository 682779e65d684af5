"""The values that serve for one class of a file serve for another one, whose guesses fail."""

import torch
from torch import nn


# aotlens: Rotated(32, groups=5)(torch.randn(3, 7, 5, 32))
class Rotated(nn.Module):
    def __init__(self, size, groups):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(groups, size))

    def forward(self, parts):
        return parts * self.weight


class Mixed(nn.Module):
    def __init__(self, size, groups):
        super().__init__()
        self.size, self.groups = size, groups
        self.weight = nn.Parameter(torch.randn(groups, size, size))

    def forward(self, parts):
        if parts.dim() != 4 or self.groups % 5 or parts.shape[2] != self.groups:
            raise ValueError("unusual parts")
        return torch.einsum("abgs,gst->abgt", parts, self.weight)
