"""What forward returns, and what that asks for."""

import torch
from torch import nn


# aotlens: Ranks()(torch.randn(2, 4))
class Ranks(nn.Module):
    """Nothing that it returns can take a gradient."""

    def __init__(self):
        super().__init__()
        self.score = nn.Linear(4, 3)
        self.shift = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        scores = self.score(x + self.shift)
        return scores.argsort(-1)


# aotlens: Chooses()(torch.randn(2, 4))
class Chooses(nn.Module):
    """One of its parameters reaches only what takes no gradient, another one is returned as it is."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.order = nn.Parameter(torch.ones(4))
        self.table = nn.Parameter(torch.ones(2, 2))

    def forward(self, x):
        best = (x * self.order).argmax(-1)
        return {"value": x * self.scale, "best": best, "table": self.table.t()}
