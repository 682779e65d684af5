"""A model that takes its time, and is not traced for being opened."""

import time

import torch
from torch import nn


# aotlens: Slow()(torch.ones(2))
class Slow(nn.Module):
    def __init__(self):
        super().__init__()
        time.sleep(2)
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return x * self.scale
