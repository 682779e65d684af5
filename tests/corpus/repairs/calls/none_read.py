"""An optional argument is used without a check."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, x, context=None):
        return x + context.mean(1, keepdim=True)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 64), torch.randn(2, 16, 64))",
]
