"""A model that torch.compile runs as two graphs: a print breaks it, one weight is in both, and sizes are dynamic."""

from __future__ import annotations

import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


# aotlens: Net(8)(torch.randn(3, 8), torch.randn(3, 8))
class Net(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.norm = Norm(width)
        self.register_buffer("calls", torch.zeros(()))
        self.scale = torch.full((width,), 0.5)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        h = self.up(x).relu()
        print("hidden", tuple(h.shape))
        y = self.norm(self.down(h)) * self.scale
        self.calls += 1
        return y @ self.up.weight.T * mask.sum()
