"""A layer that is used only with a second argument does not exist."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = None

    def forward(self, x, emb):
        if emb is not None:
            x = x + self.project(emb)
        return x


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64)), "emb": Tensor((2, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 64), None)",
]
