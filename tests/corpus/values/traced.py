import torch
from torch import nn


# aotlens: Around()(torch.randn(2, 4))
class Around(nn.Module):
    """Calls what fails below, between two branches that are not taken."""

    def __init__(self):
        super().__init__()
        self.inner = Fails()

    def forward(self, x):
        if x.dim() == 3:
            x = x[0]
        x = self.inner(x)
        if x.dim() == 2:
            x = x * 2
        return x


# aotlens: Fails()(torch.randn(2, 4))
class Fails(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(4, 8)
        self.gate = nn.Linear(4, 6)
        self.register_buffer("scale", torch.ones(3, dtype=torch.float64))
        self.tied = self.up.weight

    def forward(self, x):
        if x.dim() == 3:
            x = x[0]
        a = self.up(x)
        g = self.gate(x)
        y = a * g
        return y


# aotlens: Reads()(torch.randn(2, 4))
class Reads(nn.Module):
    def forward(self, x):
        count = int((x > -100).sum().item())
        y = x.new_zeros(count)
        return y


# aotlens: Steps()(torch.randn(2, 4))
class Steps(nn.Module):
    """Is changed by its call."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4)])

    def forward(self, x):
        print("called")
        self.layers.append(nn.Identity())
        rows = []
        for _ in range(40):
            rows.append(x[0])
        y = torch.stack(rows)
        return y
