"""Nothing says what is expected."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, x):
        raise ValueError("no")


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 8))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 64))",
    "Net()(torch.randn(2, 64, 56, 56))",
]
