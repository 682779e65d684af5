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


# aotlens: Heads()(torch.randn(2, 4))
class Heads(nn.Module):
    """What each of its outputs costs."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(4, 4)
        self.value = nn.Linear(4, 1)

    def forward(self, x):
        hidden = self.trunk(x).tanh()
        return {"value": self.value(hidden), "size": hidden.square().mean(), "penalty": hidden.sum() * 2}


# aotlens: Halves()(torch.randn(2, 4))
class Halves(nn.Module):
    """Views of one tensor."""

    def __init__(self):
        super().__init__()
        self.whole = nn.Linear(4, 4)

    def forward(self, x):
        y = self.whole(x)
        return y[:, :2], y[:, 2:]


def overlapping():
    """Two tensors on one memory."""
    whole = torch.randn(5)
    return whole[:4], whole[1:]


# aotlens: Writes()(torch.randn(4))
class Writes(nn.Module):
    """It changes what it is given, and what it keeps."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        """Docstring."""
        row = x[None]
        row.mul_(2)
        self.calls.add_(1)
        x.add_(1)
        return self.norm(row.expand(2, 4))


# aotlens: Shares()(*overlapping())
class Shares(nn.Module):
    """Its arguments share memory, its outputs too."""

    def forward(self, a, b):
        a.mul_(2)
        total = a * b
        return total.view(2, 2), total[0], a
