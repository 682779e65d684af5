"""Nothing says that the optional argument is needed."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, x, memory=None):
        if not self.is_ready(memory):
            raise ValueError("no")
        return x

    def is_ready(self, value):
        return value is not None


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 64), torch.randn(2, 16, 64))",
]
