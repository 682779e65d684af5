"""Modules that read, change and return pieces of tensor subclasses, for both conventions of aotlens."""

import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor


def two(*shape, grad=False):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape)).requires_grad_(grad)


# aotlens: ReadsParam()(torch.randn(2, 4))
class ReadsParam(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x @ self.weight.a @ self.weight.b + self.bias


# aotlens: ReadsBoth()(torch.randn(2, 4))
class ReadsBoth(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        return x @ self.weight + self.weight.a.sum()


# aotlens: PieceMut()(torch.randn(2, 4))
class PieceMut(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", two(4))
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        self.scale.a.mul_(0.5)
        return (x @ self.weight) * self.scale.a


# aotlens: OnePiece()(two(2, 4), two(2, 4, grad=True))
class OnePiece(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x, y):
        return x.a @ self.weight + y.b


# aotlens: Unused()(torch.randn(2, 4))
class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.dead = nn.Parameter(two(4, 4))
        self.cut = nn.Parameter(two(4))

    def forward(self, x):
        return x @ self.weight + self.cut.detach()


# aotlens: ArgMut()(two(2, 4))
class ArgMut(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))

    def forward(self, x):
        x.add_(1)
        return x @ self.w


# aotlens: GradPlain()(torch.randn(2, 4))
class GradPlain(nn.Module):
    """subclass parameter, output unwrapped"""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        y = x @ self.weight
        return y.a + y.b


# aotlens: TiedHead()(torch.randint(8, (2, 3)))
class TiedHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(4, 4, bias=False)
        self.head = nn.Linear(4, 4, bias=False)
        self.table = nn.Parameter(torch.randn(8, 4))
        self.proj.weight = nn.Parameter(two(4, 4))
        self.head.weight = self.proj.weight

    def forward(self, ids):
        return self.head(self.proj(self.table[ids]))
