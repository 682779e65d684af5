"""Makes parts of the model of this folder, in another file than the one that asks for them."""

from torch import nn


def projection(width):
    return nn.Linear(width, 3 * width, bias=False)


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(width.new_ones(4) if hasattr(width, "new_ones") else _ones(width))

    def forward(self, x):
        return x * self.gain


def _ones(width):
    import torch

    return torch.ones(width)
