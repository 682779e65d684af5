"""Calls that succeed and whose backward pass fails."""

import torch
from torch import nn


class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x * weight

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        return grad * weight, (grad * x)[:, :2]


# aotlens: WrongShape()(torch.randn(4, 3))
class WrongShape(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 3))

    def forward(self, x):
        return Scale.apply(x * 1, self.weight)  # fails


class Forgetful(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x * factor

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.factor


# aotlens: WrongNumber()(torch.randn(4, 3))
class WrongNumber(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.gain = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return Forgetful.apply(self.fc(x), self.gain)


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        return grad @ b, a.t() @ grad  # fails


# aotlens: InBackward()(torch.randn(4, 3))
class InBackward(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 5))

    def forward(self, x):
        return Product.apply(x, self.weight)


# aotlens: NotDifferentiable()(torch.randn(3, 4))
class NotDifferentiable(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 4))
        self.scale = nn.Parameter(torch.ones(3))
        self.register_buffer("zero", torch.zeros(3, dtype=torch.int32))

    def forward(self, x):
        w = torch.fake_quantize_per_channel_affine(self.weight, self.scale, self.zero, 0, -8, 7)  # fails
        return x * w
