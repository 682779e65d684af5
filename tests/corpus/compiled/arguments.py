"""Modules whose arguments are nested, or changed in place, or views of each other."""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Batch:
    """An argument with named parts."""

    image: torch.Tensor
    label: torch.Tensor


PARTS = [torch.randn(8), torch.randn(8)]


# aotlens: Nested()({"x": torch.randn(4, 8), "parts": PARTS}, Batch(torch.randn(4, 8), torch.zeros(4)))
class Nested(nn.Module):
    """A dict with a list in it, and a dataclass."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, inputs, batch):
        h = self.layer(inputs["x"]) + inputs["parts"][1]
        return {"out": h * batch.image, "loss": (h.sum(1) - batch.label).square()}


BASE = torch.zeros(6, 8)


# aotlens: Changed()(torch.zeros(4, 8), BASE[:4], BASE[2:])
class Changed(nn.Module):
    """One argument is changed in place; two others are views of the same memory, one of which is changed."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x, upper, lower):
        x.add_(1)
        upper.mul_(2)
        return self.layer(x) + upper + lower, x.view(-1)


# aotlens: Variadic()(torch.randn(4, 8), torch.randn(4, 8), scale=torch.randn(8), n=3)
class Variadic(nn.Module):
    """`*args`, `**kwargs` and a plain number."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, *tensors, n, **more):
        return self.layer(tensors[1] + tensors[0]) * more["scale"] * n
