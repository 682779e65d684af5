"""Two sequences must have one length."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Items, Written


class Net(nn.Module):
    def __init__(self, dims, depths):
        super().__init__()
        if len(dims) != len(depths):
            raise ValueError("one depth for each stage")


GIVEN = {"dims": Items((Written("64"),) * 4), "depths": Items((Written("2"),) * 2)}
PROPOSES = [
    "Net(dims=(64, 64), depths=(2, 2))",
    "Net(dims=(64, 64, 64, 64), depths=(2, 2, 2, 2))",
]
