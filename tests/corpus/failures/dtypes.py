"""Calls that fail because of the types or the devices of their operands."""

import torch
import torch.nn.functional as F
from torch import nn


# aotlens: Doubles()(torch.randn(4, 10, dtype=torch.float64))
class Doubles(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(10, 5)

    def forward(self, x):
        return self.fc(x)  # fails


# aotlens: HalfMask()(torch.randn(4, 4))
class HalfMask(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.ones(4, 4, dtype=torch.float16))

    def forward(self, x):
        return torch.matmul(x, self.scale)  # fails


# aotlens: FloatIndices()(torch.rand(2, 3))
class FloatIndices(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 4)

    def forward(self, ids):
        return self.emb(ids)  # fails


# aotlens: TwoDevices()(torch.randn(2, 3))
class TwoDevices(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        noise = torch.zeros(3, device="meta")
        return self.fc(x) + noise  # fails


# aotlens: FromRecurrent()(torch.randn(2, 5, 8))
class FromRecurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        x = self.rnn(x)
        return self.head(x)  # fails


# aotlens: Lowered()(torch.randn(2, 8))
class Lowered(nn.Module):
    """The layer before leaves autocast, the one after is outside."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.second = nn.Linear(8, 8)

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            h = self.first(x)
        return self.second(h)  # fails


# aotlens: Ambiguous()(torch.randn(3))
class Ambiguous(nn.Module):
    def forward(self, x):
        if x > 0:  # fails
            return x
        return -x


# aotlens: Missing()(torch.randn(3))
class Missing(nn.Module):
    def forward(self, x):
        y = x * 2
        return y.masked(0)  # fails


# aotlens: BoolLogits()(torch.randn(4, 3), torch.randint(2, (4, 3)))
class BoolLogits(nn.Module):
    def forward(self, x, labels):
        return F.binary_cross_entropy_with_logits(x, labels > 0)  # fails


# aotlens: HalfBlock()(torch.randn(2, 4))
class HalfBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
        self.inner.half()

    def forward(self, x):
        y = x * 2
        return self.inner(y)  # fails


def in_brain_floats():
    net = Brain()
    return net.to(torch.bfloat16)


# aotlens: in_brain_floats()(torch.randn(2, 4))
class Brain(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.fc = nn.Linear(4, 8)

    def forward(self, x):
        h = self.norm(x.bfloat16()).float()
        return self.fc(h)  # fails
