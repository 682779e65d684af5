"""The number of rows is read from the data of an argument, in a function, unless the call gives it."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


def summed(x, index, count=None):
    if count is None:
        count = int(index.max()) + 1
    return torch.zeros(count, x.shape[-1]).index_add(0, index, x)


class Net(nn.Module):
    def forward(self, x, index, rows=None):
        return summed(x, index, count=rows)


BUILT = "Net()"
GIVEN = {"x": Tensor((16, 64)), "index": Tensor((16,), "int64", 16)}
PROPOSES = ["Net()(torch.randn(16, 64), torch.randint(16, (16,)), 16)"]
