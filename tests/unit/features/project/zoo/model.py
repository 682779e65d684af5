"""Containers, tied weights, two classes of one name, and arguments with parts."""

import torch
from torch import nn

from . import parts
from .parts import Expert, mix


class Head(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.out = nn.Linear(width, 4)

    def forward(self, x):
        return self.out(x)


# aotlens: Zoo(8)({"ids": torch.randint(5, (2, 3)), "mask": torch.ones(2, 3, 1)}, torch.randn(8, requires_grad=True))
class Zoo(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.embed = nn.Embedding(5, width)
        self.experts = nn.ModuleList([Expert(width) for _ in range(3)])
        self.steps = nn.ModuleDict({"first": nn.Linear(width, width), "second": nn.Linear(width, width)})
        self.shared = self.steps["first"]
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(width)) for _ in range(2)])
        setattr(self, "bias", nn.Parameter(torch.zeros(width)))  # noqa: B010
        self.pre = parts.Head(width)
        self.head = Head(width)
        self.unembed = nn.Linear(width, 5, bias=False)
        self.unembed.weight = self.embed.weight

    def forward(self, batch, shift, flag=True):
        mask = batch["mask"]
        x = self.embed(batch["ids"]) + shift
        for index, expert in enumerate(self.experts):
            x = expert(x, mask) * (index + 1)
        first, *rest = self.experts  # noqa: RUF059
        up = first.up
        x = x + up(x).sum()
        for name, step in self.steps.items():  # noqa: B007
            x = step(x)
        x = self.shared(x)
        for scale in self.scales:
            x = x * scale
        x = mix(self.pre(x), x + self.bias)
        return self.head(x), {"tokens": self.unembed(x)}


# aotlens: attend(torch.ones(2, 3), key=torch.ones(2, 3, requires_grad=True))
def attend(query, key, scale=0.5):
    scores = query @ key.t()
    return scores.softmax(-1) * scale
