"""A layer for images squeezes the axis of the frames, of which there must be one."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(64, 64, 3)

    def forward(self, x):
        x = x.squeeze(2)
        return self.conv(x)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 64, 8, 16, 16))}
PROPOSES = [
    "Net()(torch.randn(2, 64, 1, 16, 16))",
]
