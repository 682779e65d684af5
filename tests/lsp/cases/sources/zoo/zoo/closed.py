"""A file that no test opens: what leads here is read from the disk."""

import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.note, self.level = "𝕏𝕐", nn.Parameter(torch.ones(width))

    def forward(self, x):
        return {"𝕏𝕐": x * self.level}[self.note]
