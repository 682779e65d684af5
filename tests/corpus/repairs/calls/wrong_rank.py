"""The shape is unpacked into more sizes than there are."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.dim = 64

    def forward(self, x):
        batch, channels, height, width = x.shape
        return x.reshape(batch, channels, height * width)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 64, 56, 56))",
]
