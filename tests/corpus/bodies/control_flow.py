"""Branches and loops that torch keeps as bodies of one operation: `cond`, `while_loop`, `scan`, `map`."""

import torch
from torch import nn
from torch._higher_order_ops.map import map as over_rows
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop


# aotlens: Branches()(torch.randn(3, 4))
class Branches(nn.Module):
    """Each branch uses a layer that the other one does not use."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Linear(4, 4)
        self.narrow = nn.Linear(4, 4)

    def forward(self, x):
        def yes(x):
            h = self.wide(x)
            return torch.relu(h).sin()

        def no(x):
            return self.narrow(x).tanh()

        return torch.cond(x.sum() > 0, yes, no, (x,)) * 2


# aotlens: Nested()(torch.randn(3, 4))
class Nested(nn.Module):
    """A branch in a branch."""

    def __init__(self):
        super().__init__()
        self.outer = nn.Linear(4, 4)
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        def yes(x):
            x = self.outer(x)
            return torch.cond(x.mean() > 1, lambda x: self.inner(x), lambda x: x.cos(), (x,))

        return torch.cond(x.sum() > 0, yes, lambda x: x.sin(), (x,))


# aotlens: Loop()(torch.randn(3, 4))
class Loop(nn.Module):
    """A loop through which gradients go."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        def goes_on(i, h):
            return i < 5

        def body(i, h):
            return i + 1, self.layer(h).tanh()

        _, h = while_loop(goes_on, body, (torch.zeros((), dtype=torch.int64), x))
        return h.sum()


# aotlens: Recurrent()(torch.randn(5, 3, 4))
class Recurrent(nn.Module):
    """A scan, whose step gives a carry and an output."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        def step(carry, row):
            h = torch.tanh(carry @ self.weight + row)
            return h, h * 2

        carry, rows = scan(step, torch.zeros(3, 4), x)
        return rows.sum() + carry.sum()


# aotlens: Rows()(torch.randn(5, 3, 4))
class Rows(nn.Module):
    """A function of each row."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        def row(x, weight):
            return torch.sin(x @ weight)

        return over_rows(row, x, self.weight)
