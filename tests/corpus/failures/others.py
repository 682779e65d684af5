"""Calls that fail behind something: a compiled submodule, a checkpoint, vmap, a missing name."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


# aotlens: Compiled()(torch.randn(3, 5))
class Compiled(nn.Module):
    def __init__(self):
        super().__init__()
        self.core = torch.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))

    def forward(self, x):
        return self.core(x)  # fails


# aotlens: Checkpointed()(torch.randn(3, 4))
class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.core = nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 4))

    def forward(self, x):
        return checkpoint(self.core, x, use_reentrant=False)  # fails


# aotlens: Vmapped()(torch.randn(3, 5))
class Vmapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.core = nn.Linear(4, 4)

    def forward(self, x):
        return torch.vmap(self.core)(x)  # fails


# aotlens: Leaf()(torch.randn(3, 4))
class Leaf(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        self.weight += 1  # fails
        return x @ self.weight


# aotlens: NoAttribute()(torch.randn(3, 4))
class NoAttribute(nn.Module):
    def forward(self, x):
        return self.head(x)  # fails


# aotlens: NoArgument()(torch.randn(3, 4))  # fails
class NoArgument(nn.Module):
    def forward(self, x, mask):
        return x * mask


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError("it has no derivative")  # fails


# aotlens: Underived()(torch.randn(3, 4))
class Underived(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return Once.apply(self.fc(x))
