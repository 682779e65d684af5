"""Dimensions that are dynamic by the user's will, and what makes constants of them."""

import torch
from torch import nn


def marked(*shape, dims=(0,), weakly=False):
    x = torch.randn(*shape)
    for dim in dims:
        (torch._dynamo.maybe_mark_dynamic if weakly else torch._dynamo.mark_dynamic)(x, dim)
    return x


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 4)

    def forward(self, x):
        return self.lin(x)


# aotlens: Free()(marked(6, 4))
class Free(Base):
    pass


# aotlens: Compared()(marked(10, 4))
class Compared(Base):
    def forward(self, x):
        if x.shape[0] == 10:
            x = x + 1
        return self.lin(x)


# aotlens: ComparedWeakly()(marked(10, 4, weakly=True))
class ComparedWeakly(Compared):
    pass


# aotlens: Asserted()(marked(8, 4, weakly=True))
class Asserted(Base):
    def forward(self, x):
        assert x.shape[0] == 8
        return self.lin(x)


# aotlens: Added()(marked(6, 4, weakly=True))
class Added(Base):
    def forward(self, x):
        return self.lin(x) + torch.ones(6, 4)


# aotlens: Listed()(marked(6, 4, weakly=True))
class Listed(Base):
    def forward(self, x):
        parts = [0] * x.shape[0]
        return self.lin(x) * len(parts)


# aotlens: Layer()(marked(6, 4, dims=(1,), weakly=True))
class Layer(Base):
    pass


# aotlens: One()(marked(1, 4, weakly=True))
class One(Base):
    pass


# aotlens: All()(torch.randn(10, 6, 4))
class All(Base):
    def __init__(self):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, 6, 4))

    def forward(self, x):
        if x.shape[0] == 10:
            x = x * 2
        return self.lin(x) + self.position
