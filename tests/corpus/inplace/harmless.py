"""Changes in place that no derivative minds: both the call and its backward pass work."""

import torch
import torch.nn.functional as F
from torch import nn


class Base(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.a = nn.Linear(n, n)
        self.b = nn.Linear(n, n)


# aotlens: AfterLinear(4)(torch.randn(3, 4))
class AfterLinear(Base):
    """A linear layer needs its input, not its result."""

    def forward(self, x):
        h = self.a(x)
        h += 1
        return self.b(F.relu(h, inplace=True))


# aotlens: AfterSum(4)(torch.randn(3, 4))
class AfterSum(Base):
    def forward(self, x):
        h = self.a(x) + self.b(x)
        h[h < 0] = 0
        return h.mul_(2)


# aotlens: ReluTwice(4)(torch.randn(3, 4))
class ReluTwice(Base):
    """The result of a rectifier is changed before it is used: the derivative reads the changed value."""

    def forward(self, x):
        h = self.a(x).add_(1).relu_()
        return self.b(h)


# aotlens: Filled(4)(torch.randn(3, 4))
class Filled(Base):
    """A tensor is filled before anything needs it."""

    def forward(self, x):
        out = torch.empty(2, 3, 4)
        out[0] = self.a(x)
        out[1] = self.b(x)
        return out * out


# aotlens: Norm(4)(torch.randn(3, 4))
class Norm(Base):
    """Batch norm updates its statistics."""

    def __init__(self, n):
        super().__init__(n)
        self.norm = nn.BatchNorm1d(n)

    def forward(self, x):
        return self.norm(self.a(x)) + self.norm(self.b(x))


# aotlens: Clone(4)(torch.randn(3, 4))
class Clone(Base):
    def forward(self, x):
        h = self.a(x).sigmoid()
        y = h.clone()
        y += 1
        return self.b(y)


# aotlens: Average(4)(torch.randn(3, 4))
class Average(Base):
    """A running average that nothing differentiates."""

    def __init__(self, n):
        super().__init__(n)
        self.register_buffer("mean", torch.zeros(n))

    def forward(self, x):
        y = self.a(x)
        self.mean.mul_(0.9).add_(y.detach().mean(0), alpha=0.1)
        return self.b(y)
