"""Parts that other files of the project are built of."""

import torch
from torch import nn


class Base(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.register_buffer("seen", torch.zeros(()))

    def scaled(self, x):
        self.seen.add_(1)
        return x * self.scale


class Expert(Base):
    def __init__(self, width):
        super().__init__(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.spare = nn.Parameter(torch.zeros(width))
        self.frozen = nn.Parameter(torch.ones(width), requires_grad=False)

    def forward(self, x, gate):
        hidden = torch.relu(self.up(self.scaled(x)))
        return self.down(hidden) * gate + self.frozen


class Head(nn.Module):
    """There is a class of this name in model.py, too."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        return self.norm(x)


def mix(left, right):
    blended = left * torch.sigmoid(right)
    return blended + right
