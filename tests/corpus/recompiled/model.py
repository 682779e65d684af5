"""Graph breaks and recompilations: what follows from each is compared with a run of torch.compile."""

import platform

import torch
from torch import nn

CALLS = 0


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 4)


# aotlens: Plain()(torch.randn(2, 4), [])
class Plain(Base):
    def __init__(self):
        super().__init__()
        self.scale = 2
        self.names = ["a"]
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x, cache, n=3):
        if "a" in self.names:
            x = x * self.scale + n
        cache.append(x)
        return self.norm(self.lin(x))


# aotlens: Printed()(torch.randn(2, 4))
class Printed(Base):
    def forward(self, x):
        h = self.lin(x)
        g = h * 2
        print(h.shape)
        return h + g


# aotlens: Branch()(torch.randn(2, 4))
class Branch(Base):
    def forward(self, x):
        h = self.lin(x)
        if h.shape[0] == 2:
            torch._dynamo.graph_break()
        return helper(h) + 1


def helper(h):
    h = h * 2
    print("in a helper")
    return h + 1


# aotlens: Loop()(torch.randn(2, 4))
class Loop(Base):
    def forward(self, x):
        h = self.lin(x)
        torch._dynamo.graph_break()
        for step in range(2):
            print(step)
            h = h + 1
        return h


# aotlens: Library()(torch.randn(2, 4))
class Library(Base):
    def forward(self, x):
        h = self.lin(x)
        platform.libc_ver()
        return h * 2


# aotlens: Nested()(torch.randn(2, 4))
class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Printed()

    def forward(self, x):
        return self.inner(x) * 2


# aotlens: Steps()(torch.randn(2, 4))
class Steps(Base):
    def __init__(self):
        super().__init__()
        self.step = 0

    def forward(self, x):
        self.step += 1
        return self.lin(x) * self.step


# aotlens: StepsAfterBreak()(torch.randn(2, 4))
class StepsAfterBreak(Base):
    def __init__(self):
        super().__init__()
        self.step = 0

    def forward(self, x):
        h = self.lin(x)
        torch._dynamo.graph_break()
        self.step += 1
        return h * self.step


# aotlens: Grows()(torch.randn(2, 4))
class Grows(Base):
    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(1)
        return self.lin(x) * len(self.seen)


# aotlens: Global()(torch.randn(2, 4))
class Global(Base):
    def forward(self, x):
        global CALLS
        CALLS += 1
        return self.lin(x) * CALLS


# aotlens: Lazy()(torch.randn(2, 4))
class Lazy(Base):
    def __init__(self):
        super().__init__()
        self.is_ready = False

    def forward(self, x):
        if not self.is_ready:
            self.is_ready = True
        return self.lin(x)


# aotlens: Cached()(torch.randn(2, 4))
class Cached(Base):
    def __init__(self):
        super().__init__()
        self.table = None

    def forward(self, x):
        if self.table is None:
            self.table = torch.arange(4.0)
        return self.lin(x) + self.table


class Layer(Base):
    def __init__(self, index):
        super().__init__()
        self.index = index

    def forward(self, x):
        x = self.lin(x)
        torch._dynamo.graph_break()
        return x * self.index


# aotlens: Deep()(torch.randn(2, 4))
class Deep(nn.Module):
    def __init__(self, depth=10):
        super().__init__()
        self.layers = nn.ModuleList([Layer(index) for index in range(depth)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


# aotlens: Shallow()(torch.randn(2, 4))
class Shallow(Deep):
    def __init__(self):
        super().__init__(3)


# aotlens: Indexed()(torch.randn(2, 4))
class Indexed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Steady(index) for index in range(10)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Steady(Base):
    def __init__(self, index):
        super().__init__()
        self.index = index

    def forward(self, x):
        return self.lin(x) * self.index
