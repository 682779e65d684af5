"""The message names the argument that is missing."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, x, context=None):
        if context is None:
            raise ValueError("context has to be given")
        return x + context


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 64), torch.randn(2, 16, 64))",
]
