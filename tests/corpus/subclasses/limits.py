"""Calls with tensor subclasses that run in eager, and that torch cannot capture; each with a way that works."""

import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor


def two(*shape):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape))


class Weighted(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))


# aotlens: Views()(torch.randn(2, 4))
class Views(Weighted):
    def forward(self, x):
        h = (x @ self.weight).relu()
        return h.t(), h.view(-1)


# aotlens: ViewsCopied()(torch.randn(2, 4))
class ViewsCopied(Weighted):
    def forward(self, x):
        h = (x @ self.weight).relu()
        return h.t(), h.view(-1).clone()


def overlapping():
    whole = torch.randn(3, 4)
    return whole[:2], whole[1:]


# aotlens: Overlapping()(*overlapping())
class Overlapping(Weighted):
    def forward(self, x, y):
        x.mul_(2)
        return x @ self.weight + y


# aotlens: OverlappingCopied()(*overlapping())
class OverlappingCopied(Weighted):
    def forward(self, x, y):
        return x * 2 @ self.weight + y


# aotlens: Transposed()(two(4, 4))
class Transposed(Weighted):
    def forward(self, x):
        x.t_()
        return x @ self.weight


# aotlens: TransposedCopied()(two(4, 4))
class TransposedCopied(Weighted):
    def forward(self, x):
        return x.t() @ self.weight
