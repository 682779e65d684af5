"""Modules of which it is known what autograd keeps of their call, and where."""

import torch
from torch import nn
from torch._subclasses import FakeTensor
from torch.utils.checkpoint import checkpoint


# aotlens: Chunks(8)(torch.randn(2, 8))
class Chunks(nn.Module):
    """Three views of one projection, side by side in its memory."""

    def __init__(self, width):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        return q * k * v


# aotlens: Views(8)(torch.randn(2, 8))
class Views(nn.Module):
    """One value that is saved three times, by other dimensions and as a part of itself."""

    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, width)

    def forward(self, x):
        x = self.up(x)
        return x.sin().sum() + x.view(-1).cos().sum() + x[:, 0].exp().mul(x[:, 0]).sum()


# aotlens: Repeated()(torch.randn(4, 1))
class Repeated(nn.Module):
    """A value that is repeated without being copied, times a constant and an argument."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 1))
        self.constant = torch.ones(4, 100)

    def forward(self, x):
        wide = (self.weight * x).tanh().expand(4, 100)
        return wide * self.constant * (wide + 1)


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        square = x * x
        ctx.save_for_backward(square)
        return square * x

    @staticmethod
    def backward(ctx, gradient):
        (square,) = ctx.saved_tensors
        return 3 * square * gradient


# aotlens: Custom(8)(torch.randn(2, 8))
class Custom(nn.Module):
    """A function with a backward of its own, and a result that nobody uses."""

    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, width)

    def forward(self, x):
        x = self.up(x)
        x.exp()
        return Cube.apply(x)


# aotlens: Checkpointed(8)(torch.randn(2, 8))
class Checkpointed(nn.Module):
    """What is computed again in the backward pass is not kept for it."""

    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, width)

    def forward(self, x):
        return checkpoint(self.inner, self.up(x), use_reentrant=False)

    def inner(self, x):
        return x.exp().tanh().sin()


# aotlens: Compiled(8)(torch.randn(2, 8))
class Compiled(nn.Module):
    """Runs under a compiler alone."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        if not torch.compiler.is_compiling():
            raise RuntimeError("this is {compiled} only")
        return (x * self.weight).exp()


# aotlens: Asks(8)(torch.randn(2, 8))
class Asks(nn.Module):
    """Does otherwise where it sees a fake tensor, as libraries do."""

    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, width)

    def forward(self, x):
        x = self.up(x)
        return x.exp().sum() if isinstance(x, FakeTensor) else x.sin().sum()
