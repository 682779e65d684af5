"""One module that makes its parts in every way that people use. Each birthplace is a text that occurs once."""

import copy
from collections import OrderedDict
from dataclasses import dataclass

import torch
from helpers import Scale, projection
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


class Base(nn.Linear):
    def __init__(self, width):
        super().__init__(width, width, bias=False)


@dataclass(eq=False)
class Declared(nn.Module):
    width: int = 4

    def __post_init__(self):
        super().__init__()
        self.inner = nn.Linear(self.width, 4, bias=False, dtype=torch.float32)

    def forward(self, x):
        return self.inner(x)


# aotlens: Everything(4)(torch.randn(2, 4))
class Everything(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.plain = nn.Linear(width, width)
        self.ü = nn.LayerNorm(width); self.second = nn.LayerNorm(width, bias=False)  # noqa: E702
        self.layers = nn.ModuleList([nn.Linear(width, width, bias=False, device=None) for _ in range(3)])
        self.scale = nn.Parameter(torch.full((width,), 2.0))
        made_before = torch.nn.Parameter(torch.zeros(1, width))
        self.shift = made_before
        self.register_parameter("registered", nn.Parameter(torch.ones(width) * 3))
        self.register_buffer("count", torch.zeros(1))
        self.buffer_object = nn.Buffer(torch.arange(4.0))
        for index in range(2):
            setattr(self, f"loop{index}", nn.Linear(width, width, bias=index == 5))
        self.steps = nn.Sequential(
            OrderedDict(
                first=nn.Linear(width, 2 * width, bias=False),
                second=nn.Linear(2 * width, width, bias=False),
            )
        )
        self.chain = nn.Sequential(nn.Linear(width, width, False), nn.ReLU())
        self.lazy = nn.LazyLinear(width, bias=False)
        self.normed = weight_norm(nn.Linear(width, width, bias=None or False))
        self.helped = projection(width)
        self.scaled = Scale(width)
        self.base = Base(width)
        self.declared = Declared()
        template = nn.Linear(width, width, bias=False or False)
        self.copies = nn.ModuleList([copy.deepcopy(template) for _ in range(2)])
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(width, 2, 8, dropout=0.0), 2)
        self.table = nn.Embedding(7, width)
        self.head = nn.Linear(width, 7, bias=False)
        self.head.weight = self.table.weight
        self.typed = nn.Linear(width, width, bias=0).to(torch.float64)
        self.by_name = nn.ParameterDict({"k": nn.Parameter(torch.ones(width) * 5)})
        self.add_module("added", nn.Linear(width, width, bias=not True))

    def forward(self, x):
        self.count += 1
        x = self.plain(x) + self.scale + self.shift + self.registered + self.buffer_object
        x = self.second(self.ü(x))
        for layer in [*self.layers, self.loop0, self.loop1, *self.copies]:
            x = layer(x)
        x = self.chain(self.steps(x)) + self.lazy(x) + self.normed(x) + self.declared(x) + self.added(x)
        x = self.scaled(x) + self.base(x) + self.helped(x)[:, :4] + self.encoder(x[None])[0] + self.by_name["k"]
        return self.head(x), self.typed(x.double()), self.table(torch.tensor([1]))
