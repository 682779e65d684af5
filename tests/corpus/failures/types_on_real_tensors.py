"""Calls that fake tensors let through, and that real ones refuse because of the types of their operands."""

import torch
import torch.nn.functional as F
from torch import nn


# aotlens: BN()(torch.randn(2, 3, dtype=torch.float64))
class BN(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.BatchNorm1d(3)

    def forward(self, x):
        return self.n(x)


# aotlens: GN()(torch.randn(2, 4, dtype=torch.float64))
class GN(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.GroupNorm(2, 4)

    def forward(self, x):
        return self.n(x)


# aotlens: LN()(torch.randn(2, 4, dtype=torch.float64))
class LN(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.LayerNorm(4)

    def forward(self, x):
        return self.n(x)


# aotlens: MHA()(torch.randn(2, 2, 4, dtype=torch.float64))
class MHA(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.MultiheadAttention(4, 2)

    def forward(self, x):
        return self.n(x, x, x)[0]


# aotlens: Put()(torch.randn(2, dtype=torch.float64))
class Put(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Linear(2, 2)

    def forward(self, x):
        y = torch.zeros(3)
        y[torch.tensor([0, 1])] = x
        return y


# aotlens: Grid()(torch.randn(1, 1, 4, 4), torch.randn(1, 4, 4, 2, dtype=torch.float64))
class Grid(nn.Module):
    def forward(self, x, g):
        return F.grid_sample(x, g)


# aotlens: NLL()(torch.randn(2, 3), torch.zeros(2, dtype=torch.int32))
class NLL(nn.Module):
    def forward(self, x, g):
        return F.nll_loss(x, g)


# aotlens: IntLin()(torch.ones(2, 3, dtype=torch.int64))
class IntLin(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Linear(3, 2)

    def forward(self, x):
        return self.n(x)


# aotlens: Add()(torch.ones(3), torch.ones(2, dtype=torch.float64))
class Add(nn.Module):
    def forward(self, x, s):
        return x.index_add(0, torch.tensor([0, 1]), s)


# aotlens: Eval().eval()(torch.ones(2, 3, dtype=torch.float64))
class Eval(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.BatchNorm1d(3)

    def forward(self, x):
        return self.n(x)
