"""One tensor is passed where several are concatenated."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def forward(self, parts):
        return torch.cat(parts)


BUILT = "Net()"
GIVEN = {"parts": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()((torch.randn(2, 16, 64), torch.randn(2, 16, 64)))",
    "Net()([torch.randn(2, 16, 64), torch.randn(2, 16, 64)])",
]
