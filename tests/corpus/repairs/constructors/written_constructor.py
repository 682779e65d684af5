"""Two arguments that must agree in a way that only the docstring shows; nothing there calls the module."""

from __future__ import annotations

import torch
from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    """Applies a function to each part.

    >>> net = Net("3a + 5b",
    ...           [torch.tanh, None])
    >>> net.width
    8
    >>> Net(layout, [torch.tanh])
    """

    def __init__(self, parts, acts, scale=1.0):
        super().__init__()
        self.sizes = [int(part.strip()[:-1]) for part in parts.split("+")]
        if len(acts) != len(self.sizes):
            raise ValueError("one function for each part")
        self.width = sum(self.sizes)
        self.acts = acts

    def forward(self, x):
        parts = x.split(self.sizes, -1)
        return torch.cat([act(part) if act is not None else part for act, part in zip(self.acts, parts)], -1)


GIVEN = {"parts": Written("64"), "acts": Written("(64, 64)")}
PROPOSES = ["Net(parts='3a + 5b', acts=[torch.tanh, None])"]
