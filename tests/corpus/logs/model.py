"""The models whose logs are in `made`, and one that is not."""

import torch
from torch import nn


# aotlens: Net()(torch.randn(4, 8))
class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(8, 16)
        self.down = nn.Linear(16, 8)
        self.register_buffer("b", torch.zeros(8))

    def forward(self, x):
        h = self.up(x)
        print("break")
        return self.down(h.relu()) + self.b


# aotlens: Plain()(torch.randn(4, 8))
class Plain(Net):
    def forward(self, x):
        h = self.up(x)
        return self.down(h.relu()) + self.b


# aotlens: Other()(torch.randn(4, 8))
class Other(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.only = nn.Linear(8, 16, bias=False)

    def forward(self, x):
        return self.only(x).sin()
