"""A dictionary lacks the key that is read from it."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Entries, Tensor


class Net(nn.Module):
    def forward(self, x, cache):
        if cache["state"] is None:
            cache["state"] = x
        return x + cache["state"]


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64)), "cache": Entries(())}
PROPOSES = [
    "Net()(torch.randn(2, 16, 64), {'state': None})",
]
