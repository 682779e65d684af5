"""A block of a decoder that needs the features of the encoder, which `forward` takes as optional."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.merge = nn.Conv2d(128, 64, 1)

    def forward(self, x, skip=None):
        x = torch.relu(x)
        if skip is not None:
            x = torch.cat([x, skip], dim=1)
        return self.merge(x)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 64, 56, 56))}
PROPOSES = [
    "Net()(torch.randn(2, 64, 56, 56), torch.randn(2, 64, 56, 56))",
]
