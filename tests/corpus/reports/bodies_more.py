"""Modules of public reports about operations that run bodies: `cond`, `scan`, `flex_attention`, regions."""

import torch
import torch.fx.traceback
from torch import nn
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop
from torch.compiler import nested_compile_region
from torch.nn.attention.flex_attention import flex_attention


# Reported: the weight of the branch that is not taken gets None from `torch.cond`, where others expect zeros. Right:
# both weights get a gradient, which is zeros for the branch that is not taken, and each weight is read in its own
# branch only.
# aotlens: TwoWeights()(torch.randn(3, 4))
class TwoWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(torch.randn(4))
        self.second = nn.Parameter(torch.randn(4))

    def forward(self, x):
        def larger(x):
            return x * self.first

        def smaller(x):
            return x * self.second

        return torch.cond(x.mean() > 0, larger, smaller, (x,))


# Reported: branches whose results differ in `requires_grad` were refused. Right: the weight of the one gets a
# gradient.
# aotlens: OneTrained()(torch.randn(3, 4))
class OneTrained(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.randn(4))

    def forward(self, x):
        return torch.cond(x.mean() > 0, lambda x: x * self.scale, lambda x: x.clone(), (x,))


# Reported: a weight that a branch only uses detached never trains. Right: `cond` gives it a gradient that is always
# zero.
# aotlens: DetachedInBranch()(torch.randn(3, 4))
class DetachedInBranch(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.randn(4))
        self.shift = nn.Parameter(torch.randn(4))

    def forward(self, x):
        def scaled(x):
            fixed = self.scale.detach()
            return x * fixed + self.shift

        return torch.cond(x.mean() > 0, scaled, lambda x: x + self.shift, (x,))


# Reported: a threshold that is only compared in the condition of a loop does not train. Right: it is read in that
# line, and `while_loop` gives it a gradient that is always zero.
# aotlens: Threshold()(torch.randn(3, 4))
class Threshold(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.limit = nn.Parameter(torch.ones(()))

    def forward(self, x):
        def goes_on(h):
            return h.norm() > self.limit

        def shrunk(h):
            return (self.layer(h) * 0.1,)

        (h,) = while_loop(goes_on, shrunk, (x,))
        return h


# Reported: with a carry that needs no gradient, the weight of a scan's step gets only the last step's part of its
# gradient. Right: the derivative of the step hands on a gradient of the carry that is computed, not zeros.
# aotlens: Decay()(torch.randn(5, 4))
class Decay(nn.Module):
    def __init__(self):
        super().__init__()
        self.rate = nn.Parameter(torch.tensor(0.7))

    def forward(self, x):
        def step(carry, row):
            carry = self.rate * carry + row
            return carry.clone(), carry.clone()

        _, rows = scan(step, torch.zeros(4), x)
        return rows


# Reported: a learned position bias indexed in a `score_mod`. Right: the table gets a gradient, and is read in that
# line.
# aotlens: Positions()(torch.randn(1, 2, 128, 16))
class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(256))

    def forward(self, q):
        def near(score, b, h, q_idx, kv_idx):
            return score + self.table[q_idx - kv_idx + 128]

        return flex_attention(q, q, q, score_mod=near)


class Region(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    @nested_compile_region
    def forward(self, x):
        with torch.fx.traceback.annotate({"part": "linear"}):
            x = self.linear(x)
        return x.relu()


# Reported: every block marked as a region becomes a subgraph of its own, and annotations in it are lost. Right: equal
# blocks run one region, and the operations in it have their annotations.
# aotlens: Blocks()(torch.randn(3, 4))
class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Region() for _ in range(4))

    def forward(self, x):
        with torch.fx.traceback.annotate({"stage": 2}):
            for block in self.blocks:
                x = block(x)
        return x
