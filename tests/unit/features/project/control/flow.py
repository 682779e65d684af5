"""A model with branches, a scan, and annotations; its kept map has bodies."""

import torch
import torch.fx.traceback
from torch import nn
from torch._higher_order_ops.scan import scan


# aotlens: Flow(4)(torch.randn(5, 3, 4))
class Flow(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.wide = nn.Linear(width, width)
        self.narrow = nn.Linear(width, width)
        self.weight = nn.Parameter(torch.randn(width, width))

    def forward(self, x):
        def yes(x):
            h = self.wide(x)
            return torch.relu(h).sin()

        def no(x):
            return self.narrow(x).tanh()

        def step(carry, row):
            h = torch.tanh(carry @ self.weight + row)
            return h, h * 2

        with torch.fx.traceback.annotate({"stage": 1}):
            x = torch.cond(x.sum() > 0, yes, no, (x,)) * 2
        carry, rows = scan(step, x[0], x)
        return rows + carry
