"""The features are viewed as heads, and are too few."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, x):
        return x.view(2, 16, 4, 32)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 128))",
    "Net()(torch.randn(2, 32, 64))",
]
