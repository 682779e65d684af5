"""Calls of which torch.compile makes several graphs: every way in which a graph gets an input."""

import torch
from torch import nn

TABLE = torch.arange(8.0)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(8, 8)

    def forward(self, x):
        y = self.inner(x)
        torch._dynamo.graph_break()
        return y.relu()


@torch.compiler.disable
def outside(x):
    return x.sin()


# aotlens: Gradients()(torch.randn(4, 8))
class Gradients(nn.Module):
    """Gradients through two graphs, one that the second graph loses, and parameters that no graph takes."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = nn.Linear(8, 8, bias=False)
        self.kept = nn.Linear(8, 8, bias=False)
        self.twice = nn.Linear(8, 8, bias=False)
        self.unused = nn.Linear(8, 8, bias=False)
        self.eager = nn.Linear(8, 8, bias=False)

    def forward(self, x):
        h = self.lost(x)
        k = self.kept(x)
        with torch.no_grad():
            t = self.twice(x)
        print("a break")
        out = h.detach() + k + self.twice(t)
        return out + self.in_eager(k)

    @torch.compiler.disable
    def in_eager(self, k):
        return self.eager(k)


# aotlens: Expressions()(torch.randn(4, 8))
class Expressions(nn.Module):
    """Values on Python's stack have no name: that of the expression is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(8, 8, bias=False)

    def forward(self, x):
        return self.out(x) + outside(x.cos())


# aotlens: Layers()(torch.randn(4, 8))
class Layers(nn.Module):
    """A graph of one layer runs for the next one too."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(4)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


# aotlens: TiedBreak()(torch.tensor([[1, 2, 3]]))
class TiedBreak(nn.Module):
    """Two names of one parameter, each in the graph that uses it; a plain attribute, a global, a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 8)
        self.head = nn.Linear(8, 9, bias=False)
        self.head.weight = self.embedding.weight
        self.register_buffer("scale", torch.ones(8))
        self.plain = torch.ones(8)

    def forward(self, ids):
        h = self.embedding(ids) * self.scale + self.plain * TABLE
        torch._dynamo.graph_break()
        return self.head(h)


# aotlens: Data()(torch.randn(4, 8))
class Data(nn.Module):
    """Code between graphs reads data, which fake tensors lack."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(8, 8, bias=False)

    def forward(self, x):
        y = self.up(x)
        if y.sum().item() > 1e9:
            y = -y
        return y * 2


# aotlens: Sizes()(torch.randn(6, 8), 3, 0.5)
class Sizes(nn.Module):
    """A second call with another size is compiled anew, with a size as an input."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Block()

    def forward(self, x, times, scale):
        a = self.block(x)
        torch._dynamo.graph_break()
        b = self.block(x[:2])
        return (a.sum() + b.sum()) * times * scale


# aotlens: torch.compile(Numbers(), dynamic=True)(torch.randn(4, 8), 3, 0.5)
class Numbers(nn.Module):
    """Numbers are inputs too if they are symbolic."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(8))
        self.cache = [torch.zeros(8), torch.ones(8)]
        self.steps = 0

    def forward(self, x, times, factor):
        self.steps += 1
        return x * times * factor * self.scale + self.cache[1]


# aotlens: Decorated()(torch.randn(4, 8))
class Decorated(nn.Module):
    """A method that is compiled by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(8, 8, bias=False)

    @torch.compile(dynamic=True)
    def forward(self, x):
        return self.up(x)


# aotlens: torch.compile(Wrapped(), dynamic=True)(torch.randn(4, 8))
class Wrapped(nn.Module):
    """A module that the example compiles, with settings of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(8, 8, bias=False)

    def forward(self, x):
        return self.up(x)


# aotlens: torch.compile(Whole(), fullgraph=True)(torch.randn(4, 8))
class Whole(nn.Module):
    """A graph break is an error with fullgraph."""

    def forward(self, x):
        y = x * 2
        print("a break")
        return y + 1


# aotlens: Skipped()(torch.randn(4, 8))
class Skipped(nn.Module):
    """Nothing is compiled."""

    @torch.compiler.disable
    def forward(self, x):
        return x * 2


# aotlens: Fails()(torch.randn(4, 8))
class Fails(nn.Module):
    """The user's own error, after a graph break."""

    def forward(self, x):
        y = x * 2
        print("a break")
        raise ValueError(f"no {y.shape}")


# aotlens: function(torch.randn(8, requires_grad=True), [torch.randn(8), {"k": torch.randn(8)}], flag=True)
def function(x, rest, *, flag):
    y = x * rest[0] + rest[1]["k"]
    print("a break")
    return y * TABLE if flag else y


# aotlens: Method().score(torch.randn(4, 8))
class Method(nn.Module):
    """Another method than forward."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(8, 8, bias=False)

    def score(self, x):
        h = self.up(x)
        print("a break")
        return {"score": h.sum(), "h": h}


# aotlens: Written()(torch.randn(4, 8))
class Written(nn.Module):
    """An inference graph that writes to its inputs, and a training graph after it."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(8))
        self.register_buffer("count", torch.zeros(8))

    def forward(self, x):
        self.count += 1
        print("a break")
        return x * self.w + self.count
