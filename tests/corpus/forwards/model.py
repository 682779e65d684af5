"""Modules whose `forward` is no plain method."""

import functools

import torch
from torch import nn


class Bound:
    """A decorator that is an object, and binds by `functools.partial`."""

    def __init__(self, function):
        self.function = function

    def __get__(self, owner, kind=None):
        return functools.partial(self.function, owner)


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def run(self, x, scale):
        return self.linear(x) * scale


# aotlens: Partial()(torch.randn(2, 4))
class Partial(Base):
    def __init__(self):
        super().__init__()
        self.forward = functools.partial(self.run, scale=2.0)


# aotlens: Decorated()(torch.randn(2, 4))
class Decorated(Base):
    @Bound
    def forward(self, x):
        return self.run(x, 2.0)


# aotlens: Builtin()(torch.randn(2, 4))
class Builtin(Base):
    def __init__(self):
        super().__init__()
        self.forward = torch.relu


# aotlens: PartialMethod()(torch.randn(2, 4))
class PartialMethod(Base):
    forward = functools.partialmethod(Base.run, scale=2.0)
