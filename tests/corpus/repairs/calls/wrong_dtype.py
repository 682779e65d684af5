"""Floating-point numbers are looked up in a table."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(10, 64))

    def forward(self, ids):
        return nn.functional.embedding(ids, self.table)


BUILT = "Net()"
GIVEN = {"ids": Tensor((2, 16))}
PROPOSES = ["Net()(torch.randint(2, (2, 16)))"]
