"""An assertion wants another number of features."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, x):
        assert x.shape[-1] == 48, "unexpected features"
        return x * 2


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 48))",
]
