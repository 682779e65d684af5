"""The plain model that `quantized.py` converts."""

import torch
from torch import nn


class Mlp(nn.Module):
    def __init__(self, dtype=torch.float32):
        super().__init__()
        self.up = nn.Linear(64, 128, dtype=dtype)
        self.down = nn.Linear(128, 64, bias=False, dtype=dtype)

    def forward(self, x):
        return self.down(self.up(x).relu())


class Net(nn.Module):
    dtype = torch.float32

    def __init__(self):
        super().__init__()
        self.mlp = Mlp(self.dtype)
        self.head = nn.Linear(64, 4, dtype=self.dtype)
        self.convert()

    def forward(self, x):
        return self.head(self.mlp(x))
