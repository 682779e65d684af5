"""A loss of classes gets a target with too many axes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 3)

    def forward(self, x, y):
        return F.cross_entropy(self.head(x), y)


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 8)), "y": Tensor((2, 16))}
PROPOSES = [
    "Net()(torch.randn(2, 8), torch.randint(3, (2,)))",
]
