"""A model whose operations are known: modules in a loop, a helper, a value that is used twice, a call of two lines."""

import torch
from torch import nn


def gate(x):
    return torch.sigmoid(x) * x


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, width)

    def forward(self, x):
        return x + gate(self.up(self.norm(x)))


# aotlens: Model(8)(torch.randn(2, 8))
class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width) for _ in range(2))
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        left, right = torch.tanh(x).split(4, -1)
        both = torch.cat(
            [left * right, right],
            -1,
        )
        return torch.exp(both) * self.scale
