"""The name suggests tokens, and one index for each sequence is expected."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, labels):
        if labels.dim() > 1:
            raise ValueError("too many labels")
        return labels + 1


BUILT = "Net()"
GIVEN = {"labels": Tensor((2, 16), "int64", 10)}
PROPOSES = [
    "Net()(torch.randint(10, (2,)))",
]
