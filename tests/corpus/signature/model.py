"""Modules whose graph takes and returns more, or less, than their forward.

`# changes <name> …` at the end of a line says which inputs that line changes in place.
"""

import torch
import torch.nn.functional as F
from torch import nn


def overlapping():
    base = torch.randn(4)
    return base[:3], base[1:]


def twice():
    same = torch.randn(4)
    return same, same


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(4))
        self.register_buffer("seen", torch.zeros(4))
        self.norm = nn.BatchNorm1d(4)


# aotlens: Methods()(torch.randn(2, 4))
class Methods(Base):
    def forward(self, x):
        kept = x * 2
        x.add_(1)  # changes x
        first = x[0]
        first.mul_(3)  # changes x
        self.seen.add_(1)  # changes seen
        return kept * self.w


# aotlens: Statements()(torch.randn(2, 4))
class Statements(Base):
    def forward(self, x):
        x[:, 0] = 0  # changes x
        self.seen[1:3] = x[0, 1:3]  # changes seen
        x += 1  # changes x
        torch.add(x, 1, out=x)  # changes x
        F.relu(x, inplace=True)  # changes x
        return x * self.w


# aotlens: Counts()(torch.randn(2, 4))
class Counts(Base):
    def forward(self, x):
        x = self.norm(x)  # changes norm.running_mean norm.running_var norm.num_batches_tracked
        return x * self.w


class Marks(nn.Module):
    def forward(self, x):
        x.clamp_(min=0)
        return x


# aotlens: Inside()(torch.randn(2, 4))
class Inside(Base):
    """It is changed by a module that it calls, and by a function of torch that calls others."""

    def __init__(self):
        super().__init__()
        self.marks = nn.Sequential(nn.ReLU(inplace=True), nn.Dropout(0.5, inplace=True))

    @torch.no_grad()
    def count(self, x):
        self.seen.lerp_(x.mean(0), 0.1)  # changes seen

    def forward(self, x):
        self.count(x)
        return self.marks(x) * self.w  # changes x


# aotlens: Untracked()(torch.randn(2, 4))
class Untracked(Base):
    def forward(self, x):
        x.data.mul_(2)  # changes x
        return x * self.w


# aotlens: Overlapping()(*overlapping())
class Overlapping(nn.Module):
    """Two arguments become one input, their base."""

    def forward(self, a, b):
        b = b * 1
        a.mul_(2)  # changes base(a)
        return a + b


# aotlens: SameTwice()(*twice())
class SameTwice(Base):
    """Two arguments are one tensor."""

    def forward(self, a, b):
        a.mul_(2)  # changes a
        return (a + b) * self.w


# aotlens: OneBase()(torch.randn(2, 4))
class OneBase(Base):
    """Two outputs bring the tensor that they are views of."""

    def forward(self, x):
        y = x * self.w
        return y.view(4, 2), y[0]


# aotlens: OneAndItsView()(torch.randn(2, 4))
class OneAndItsView(Base):
    def forward(self, x):
        y = x * self.w
        return y, y.view(4, 2)


# aotlens: GivenBack()(torch.randn(2, 4))
class GivenBack(Base):
    def forward(self, x):
        return x.view(-1), x, x * self.w


# aotlens: Transposed()(torch.randn(4, 4))
class Transposed(Base):
    """Only the strides of an argument change. Dynamo bars the method."""

    def forward(self, x):
        torch.ops.aten.t_(x)
        return x * self.w


# aotlens: Plain()(torch.randn(2, 4))
class Plain(Base):
    def forward(self, x):
        return x * self.w + self.seen
