"""The input of a block has to be four times as wide as its layers are."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor, Written


class Net(nn.Module):
    def __init__(self, in_planes, planes):
        super().__init__()
        self.down = nn.Linear(in_planes, planes)
        self.up = nn.Linear(planes, planes * 4)

    def forward(self, x):
        return self.up(self.down(x)) + x


BUILT_WITH = {"in_planes": Written("64"), "planes": Written("64")}
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = ["Net(in_planes=256, planes=64)", "Net(in_planes=64, planes=16)"]
