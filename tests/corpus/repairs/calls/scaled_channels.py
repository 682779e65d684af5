"""An image is scaled with a weight for each channel, and a sequence is passed."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, 32, 1, 1))

    def forward(self, x):
        return x * self.scale


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 32, 56, 56))",
]
