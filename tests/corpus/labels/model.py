"""Calls and results of every shape that people use."""

import collections
from dataclasses import dataclass

import torch
from torch import nn

Pair = collections.namedtuple("Pair", ["left", "right"])


@dataclass
class Encoded:
    hidden: torch.Tensor
    pooled: torch.Tensor | None = None
    layers: tuple = ()


# aotlens: Arguments()(torch.ones(2), torch.ones(2), torch.ones(2), scale=torch.ones(2), batch={"mask": torch.ones(2),
#     "ids": [torch.ones(2), torch.ones(2)]}, extra=torch.ones(2))
class Arguments(nn.Module):
    def forward(self, x, y, *rest, scale, batch, flag=True, **options):
        out = x + y + rest[0] + scale + batch["mask"] + batch["ids"][0] + batch["ids"][1] + options["extra"]
        return {"logits": out, "aux": (out * 2, [out * 3])}


# aotlens: Structures()(Pair(torch.ones(2), torch.ones(2)), Encoded(torch.ones(2), torch.ones(2)), None, 3)
class Structures(nn.Module):
    def forward(self, pair: Pair, encoded: Encoded, nothing, count: int):
        hidden = (pair.left + pair.right + encoded.hidden) * count
        return Encoded(hidden, encoded.pooled * 2, (hidden + 1, hidden + 2))


# aotlens: Opaque()(torch.ones(2))
class Opaque(nn.Module):
    """Returns a dataclass that torch was never told of, which only its call shows."""

    def forward(self, x):
        return Encoded(x * 2)


# aotlens: Step(nn.Linear(2, 2)).training_step({"x": torch.ones(3, 2)}, 0)
class Step(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        return Pair(self(batch["x"]).sum(), batch["x"])


# aotlens: attend(torch.ones(2, 3), key=torch.ones(2, 3, requires_grad=True))
def attend(query, key, scale=0.5):
    return (query @ key.t()) * scale


# aotlens: Twice()(shared, shared)
class Twice(nn.Module):
    """The same tensor twice stays two inputs as long as nothing changes it."""

    def forward(self, a, b):
        return a * b


# aotlens: MutatedTwice()(*[torch.ones(2)] * 2, torch.ones(2, requires_grad=True))
class MutatedTwice(nn.Module):
    def forward(self, a, b, c):
        a.mul_(2)
        return a * b * c


# aotlens: Frozen()(torch.ones(2))
class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    @torch.no_grad()
    def forward(self, x):
        return x * self.weight


# aotlens: Identity()(torch.ones(2), torch.ones(2, requires_grad=True))
class Identity(nn.Module):
    """Gives back an argument and a view of another."""

    def forward(self, x, y):
        return x, y.view(2, 1)


shared = torch.ones(2, requires_grad=True)
