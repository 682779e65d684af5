"""Errors that the capture does not meet: they end the training steps in eager."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


# aotlens: Foreach(4)(torch.randn(3, 4))
class Foreach(nn.Module):
    """A fused operation changes several tensors at once; the capture makes new ones instead."""

    def __init__(self, n):
        super().__init__()
        self.a = nn.Linear(n, n)
        self.scale = float(torch.rand(1).item())  # read from data: real tensors, whose versions count such changes

    def forward(self, x):
        h = self.a(x)
        y = h * h  # needed
        torch._foreach_mul_([h], self.scale)  # changed
        return h + y


# aotlens: Counted()(torch.randn(2, 4))
class Counted(nn.Module):
    """A counter inside of the checkpoint decides what is saved; the one outside of it changes nothing there."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.runs = 0
        self.calls = 0

    def body(self, x):
        self.runs += 1
        if self.runs % 2:
            x = self.fc(x).relu()
        return self.fc(x).relu()

    def forward(self, x):
        y = checkpoint(self.body, x, use_reentrant=False)  # checkpointed
        self.calls += 1
        return y.sum()


class Narrowed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.seen = []

    def forward(self, x):
        width = 4 if not self.seen else 2
        self.seen.append(1)
        return self.fc(x)[:, :width].relu().expand(2, width).sum()


# aotlens: Stack()(torch.randn(2, 4))
class Stack(nn.Module):
    """A layer in a list, checkpointed from outside, with a type of error that counts no tensors."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(4, 4), Narrowed()])

    def forward(self, x):
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False)  # checkpointed
        return x


# aotlens: Steady()(torch.randn(2, 4))
class Steady(nn.Module):
    """A checkpoint with a counter that decides nothing."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.runs = 0

    def body(self, x):
        self.runs += 1
        return self.fc(x).relu()

    def forward(self, x):
        return checkpoint(self.body, x, use_reentrant=False)


# aotlens: Growing()(torch.randn(2, 4))
class Growing(nn.Module):
    """Its shape differs in each call, so that no capture works either."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.runs = 0

    def body(self, x):
        self.runs += 1
        return self.fc(x).repeat(self.runs, 1).sin()

    def forward(self, x):
        return checkpoint(self.body, x + 1, use_reentrant=False)  # checkpointed
