"""A pattern of einops cuts an image into patches that do not divide it."""

from __future__ import annotations

from einops import rearrange
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, x):
        return rearrange(x, "b c (h p) (w q) -> b (h w) (p q c)", p=16, q=16)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 3, 56, 56))}
PROPOSES = [
    "Net()(torch.randn(2, 3, 64, 64))",
]
