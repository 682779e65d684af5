"""Modules that torch.compile splits into several graphs, each by another kind of graph break."""

import torch
from parts import Inner, Layer
from torch import nn


# aotlens: Printed()(torch.randn(4, 8))
class Printed(nn.Module):
    """A builtin that Dynamo does not trace, between two layers; a layer that is never used."""

    def __init__(self):
        super().__init__()
        self.up = nn.Linear(8, 16)
        self.unused = nn.Linear(3, 3)
        self.down = nn.Linear(16, 8)
        self.register_buffer("calls", torch.zeros(8))

    def forward(self, x, flags=None):
        h = self.up(x)
        print("up", end="")
        return self.down(h.relu()) + self.calls


# aotlens: ByValue()(torch.ones(4, 8))
class ByValue(nn.Module):
    """A branch that depends on data: the break is at the condition."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.positive = nn.Linear(8, 4)
        self.negative = nn.Linear(8, 4)

    def forward(self, x):
        h = self.first(x)
        if x.sum() > 0:
            return self.positive(h)
        return self.negative(h)


# aotlens: Asked()(torch.randn(2, 6), torch.randn(2, 6))
class Asked(nn.Module):
    """Two breaks that the user asks for; three graphs, and locals that pass through the middle one."""

    def __init__(self):
        super().__init__()
        self.left = nn.Linear(6, 6)
        self.right = nn.Linear(6, 6, bias=False)

    def forward(self, x, y):
        left = self.left(x)
        torch._dynamo.graph_break()
        right = self.right(y).sigmoid()
        torch._dynamo.graph_break()
        return left * right


# aotlens: InSubmodule()(torch.randn(4, 8))
class InSubmodule(nn.Module):
    """A break inside a submodule: its caller breaks at the call of the submodule too."""

    def __init__(self):
        super().__init__()
        self.before = nn.Linear(8, 8)
        self.inner = Inner()
        self.after = nn.Linear(8, 8)

    def forward(self, x):
        h = self.before(x)
        h = self.inner(h)
        return self.after(h)


# aotlens: Item()(torch.randn(4, 8), torch.tensor(3))
class Item(nn.Module):
    """A number that is read out of a tensor."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x, times):
        h = self.layer(x) * self.scale
        n = times.item()
        return h * n + self.layer.bias


# aotlens: EqualLayers()(torch.randn(4, 8))
class EqualLayers(nn.Module):
    """A break in each of three equal layers, called in a loop."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(Layer() for _ in range(3))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


# aotlens: Guarded()(torch.randn(4, 8))
class Guarded(nn.Module):
    """A break inside a context: the second part runs in it too."""

    def __init__(self):
        super().__init__()
        self.teacher = nn.Linear(8, 8)
        self.student = nn.Linear(8, 8)

    def forward(self, x):
        with torch.no_grad():
            target = self.teacher(x)
            torch._dynamo.graph_break()
            target = target.softmax(-1)
        return (self.student(x) - target).square()
