"""The call reads a layer that the constructor makes under a condition."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor, Written


class Net(nn.Module):
    def __init__(self, dim, context_dim=None, cross=False):
        super().__init__()
        if context_dim is not None or cross:
            self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        return self.norm(x)


BUILT_WITH = {"dim": Written("64")}
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = ["Net(dim=64, cross=True)", "Net(dim=64, context_dim=64)"]
