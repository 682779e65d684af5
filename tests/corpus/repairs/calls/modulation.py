"""A tensor with one scale for each sample is given one for each token."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 128)

    def forward(self, x, emb):
        scale, shift = self.linear(emb).chunk(2, dim=1)
        return x * scale[:, None] + shift[:, None]


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64)), "emb": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 64), torch.randn(2, 64))",
]
