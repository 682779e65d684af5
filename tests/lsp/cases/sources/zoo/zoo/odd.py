"""Code as it is also written: classes in functions and classes, dataclasses, chains, keys, stars, emoji."""

import functools
from dataclasses import dataclass

import torch
from torch import nn


def outer():
    class Inside(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(2, 2)

        def forward(self, x):
            return self.lin(x)

    return Inside


Inside = outer()


class Holder(nn.Module):
    class Nested(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.w = nn.Parameter(torch.ones(n))

        def forward(self, x):
            return x * self.w

    def __init__(self):
        super().__init__()
        self.nested = self.Nested(2)
        self.a = self.b = nn.Linear(2, 2)
        self.c, self.d = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        return self.nested(self.a(self.b(x))) + self.c(x) * self.d(x)


@dataclass(eq=False)
class Data(nn.Module):
    width: int
    bias: bool = True

    def __post_init__(self):
        super().__init__()
        self.proj = nn.Linear(self.width, self.width, bias=self.bias)

    def forward(self, x):
        return self.proj(x)


class Seq(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))


def decorated(function):
    @functools.wraps(function)
    def inner(self, *args, **kwargs):
        return function(self, *args, **kwargs)

    return inner


# aotlens: Odd(2)(torch.ones(3, 2), torch.ones(3, 2), scale=torch.ones(2))
class Odd(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.title, self.smile = "😀", nn.Linear(width, width)  # 😀
        self.paths = nn.ModuleDict({"left": nn.Linear(width, width), "right": Data(width)})
        for name in ("one", "two"):
            setattr(self, f"head_{name}", nn.Linear(width, width))
        self.holder = Holder()
        self.inside = Inside()
        self.seq = Seq(width)
        self.layers = nn.ModuleList(Data(width) for _ in range(3))
        self.act: nn.Module = nn.Linear(width, width)
        if (late := nn.Linear(width, width)) is not None:
            self.late = late

    @decorated
    def forward(self, x, *rest, scale=None, **options):
        _title, x = "😀😀", self.smile(x) + rest[0]
        x = self.act(x)
        for _key, path in self.paths.items():
            x = path(x)
        x = self.paths["left"](x) + self.paths.right(x)
        for name in ("one", "two"):
            x = getattr(self, f"head_{name}")(x)
        x = self.holder(x) + self.inside(x)
        x = self.seq(x) * scale
        for layer in self.layers[1:]:
            x = layer(x)
        first, *others = self.layers
        x = others[-1](x) + first.proj(x)
        x = torch.relu(
            self.late(
                x,
            )
        )
        return {"out": x, "rest": [self.seq[0](r) for r in rest]}

    def half(self):
        return self.paths["ri"]


if __name__ == "__main__":
    model = Odd(2)
    print("😀", model.get_parameter("holder.nested"), model.state_dict()["layers.0.proj.weight"])
    sd = model.state_dict()
    sd["seq.0.weight"], sd["hol"]
