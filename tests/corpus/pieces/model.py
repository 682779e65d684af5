"""Whole inputs and pieces of tensor subclasses, with gradients of either kind, and parameters with two names.

A comment at the end of a class line says what its findings are about, in the order of the graph.
"""

import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor


def two(*shape, grad=False):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape)).requires_grad_(grad)


# aotlens: PlainBias()(torch.randn(2, 4))
class PlainBias(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.bias = nn.Parameter(torch.zeros(4))  # its gradient is a subclass

    def forward(self, x):
        return x @ self.weight + self.bias


# aotlens: PlainWeights()(two(2, 4, grad=True))
class PlainWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))

    def forward(self, x):
        return self.layers(x)


class Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight):
        return weight.a + weight.b

    @staticmethod
    def backward(ctx, gradient):
        return gradient


# aotlens: PlainGradient()(torch.randn(2, 4))
class PlainGradient(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))  # its gradient is a plain tensor

    def forward(self, x):
        return x @ Sum.apply(self.weight)


# aotlens: Nested()(torch.randn(2, 4))
class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(TwoTensor(two(4, 4), torch.randn(4, 4)))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x @ self.weight + self.bias


# aotlens: Without()(torch.randn(2, 4))
class Without(nn.Module):  # dead, cut
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.dead = nn.Parameter(two(4, 4))
        self.cut = nn.Parameter(two(4))

    def forward(self, x):
        return x @ self.weight + self.cut.detach()


# aotlens: WithoutArgument()(two(2, 4, grad=True), two(4))
class WithoutArgument(nn.Module):  # x
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x, y):
        return x.detach() @ self.weight + y


# aotlens: Changed()(two(2, 4))
class Changed(nn.Module):  # x, scale
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", two(4))
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        self.scale.mul_(0.9)
        x.add_(1)
        return (x @ self.weight) * self.scale


# aotlens: Frozen()(torch.randn(2, 4, requires_grad=True))
class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4), requires_grad=False)

    def forward(self, x):
        return x @ self.weight


# aotlens: TiedPieces()(torch.randn(2, 4))
class TiedPieces(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.other = self.weight

    def forward(self, x):
        return x @ self.weight @ self.other


# aotlens: Tied()(torch.randint(8, (2, 3)))
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(8, 4)
        self.head = nn.Linear(4, 8, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(self.embed(x))


# aotlens: Views()(two(2, 4))
class Views(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        return x @ self.weight, x.t()
