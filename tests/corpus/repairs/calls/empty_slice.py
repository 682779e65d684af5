"""An input is cut into slices, one for each layer, and ends before the second one."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.randn(48, 10)), nn.Parameter(torch.randn(32, 10))])

    def forward(self, x):
        start, results = 0, []
        for weight in self.weights:
            end = start + weight.shape[0]
            part = x[:, start:end]
            results.append(part @ weight)
            start = end
        return sum(results)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 48))}
PROPOSES = [
    "Net()(torch.randn(2, 80))",
]
