"""A decoder that reads more feature maps than it was given."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Items, Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fuse = nn.Conv2d(64, 64, 1)

    def forward(self, features: list[torch.Tensor]):
        skips = features[1:]
        return self.fuse(skips[2])


BUILT = "Net()"
GIVEN = {"features": Items((Tensor((2, 64, 32, 32)), Tensor((2, 64, 16, 16))), is_list=True)}
PROPOSES = [
    "Net()([torch.randn(2, 64, 32, 32), torch.randn(2, 64, 16, 16), torch.randn(2, 64, 8, 8)])",
]
