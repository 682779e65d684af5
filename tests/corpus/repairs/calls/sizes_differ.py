"""A matrix product gets a matrix of another size."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(48, 10))

    def forward(self, x):
        return x @ self.weight


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 48))",
]
