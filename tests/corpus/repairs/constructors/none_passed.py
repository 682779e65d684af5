"""An argument that may be left out is needed."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, dim, heads=None):
        super().__init__()
        self.size = dim // heads


GIVEN = {"dim": Written("64")}
PROPOSES = [
    "Net(dim=64, heads=4)",
]
