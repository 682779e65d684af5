"""A convolution gets another number of channels than its weight has."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(64, 12, 3, 3))

    def forward(self, maps):
        return nn.functional.conv2d(maps, self.weight)


BUILT = "Net()"
GIVEN = {"maps": Tensor((2, 64, 56, 56))}
PROPOSES = [
    "Net()(torch.randn(2, 12, 56, 56))",
]
