"""Models that cannot be traced, or not in one piece."""

import torch
from torch import nn


# aotlens: Narrow(3)(torch.ones(2, 5))
class Narrow(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 4)

    def forward(self, x):
        return self.up(x)


# aotlens: Unbuilt()(torch.ones(2))
class Unbuilt(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.scale


# aotlens: Overwritten(3)(torch.ones(2, 3), torch.ones(2, 3))
class Overwritten(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x, mask):
        masked = self.scale * mask
        mask.mul_(2)
        return x + masked


# aotlens: Talkative(3)(torch.ones(2, 3))
class Talkative(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, x):
        x = self.first(x)
        print("𝕏", x.shape)
        return self.second(x)


class Unpinned(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = nn.Linear(width, width)

    def forward(self, x):
        return self.inner(x)
