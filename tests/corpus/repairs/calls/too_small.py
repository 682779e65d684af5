"""A kernel is larger than the image."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 7)

    def forward(self, x):
        return self.conv(x)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 3, 4, 4))}
PROPOSES = [
    "Net()(torch.randn(2, 3, 16, 16))",
]
