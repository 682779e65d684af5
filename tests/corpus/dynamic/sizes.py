"""Modules whose sizes may change: by an option of the example, and by marks of the code's own."""

import dataclasses

import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor

torch._dynamo.config.capture_dynamic_output_shape_ops = True


def two(*shape):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape))


def marked(tensor, **bounds):
    torch._dynamo.mark_dynamic(tensor, 0, **bounds)  # the mark
    return tensor


def unbacked(tensor):
    torch._dynamo.decorators.mark_unbacked(tensor, 0)
    return tensor


def jagged():
    return torch.nested.nested_tensor([torch.randn(2, 8), torch.randn(5, 8)], layout=torch.jagged)


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x)


# aotlens: Plain()(torch.randn(6, 8)); x: dynamic(0)
class Plain(Base):
    pass


# aotlens: Named()(torch.randn(6, 3, 8)); x: dynamic(0, name="batch", min=2, max=64); x: {1: "time"}
class Named(Base):
    def forward(self, x):
        return self.fc(x).view(-1, 8), x.shape[0]


# aotlens: Nested()({"ids": torch.randn(6, 8)}, mask=torch.randn(6, 1)); batch["ids"]: dynamic(0); mask: dynamic(0)
class Nested(Base):
    def forward(self, batch, mask=None):
        return self.fc(batch["ids"]) * mask


# aotlens: Two()(two(6, 8)); x: {0: torch.export.Dim("batch", min=2)}
class Two(Base):
    pass


# aotlens: Flat()(two(6, 8).requires_grad_()); x: dynamic(0, name="rows"); x: dynamic(1, name="columns")
class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return (x * self.scale).view(-1)


# aotlens: Jagged()(jagged())
class Jagged(Base):
    pass


@dataclasses.dataclass
class Batch:
    ids: torch.Tensor
    mask: torch.Tensor


# aotlens: Data()(Batch(torch.zeros(6, 8), torch.ones(6, 8))); batch.ids: dynamic(0); batch.mask: dynamic(0)
class Data(Base):
    def forward(self, batch):
        return self.fc(batch.ids * batch.mask)


# aotlens: InCode()(marked(torch.randn(6, 3, 8)))
class InCode(Base):
    def forward(self, x):
        B, T, C = x.shape
        return self.fc(x).view(B * T, C)


# aotlens: ByData()(torch.ones(6, 8))
class ByData(Base):
    def forward(self, x):
        rows = x[x.sum(1) > 0]
        return self.fc(rows)


# aotlens: Unbacked()(unbacked(torch.randn(6, 8)))
class Unbacked(Base):
    pass


# aotlens: Printed()(torch.randn(6, 8)); x: dynamic(0)
class Printed(Base):
    def forward(self, x):
        print("forward")
        return self.fc(x)


# aotlens: MarkedInside()(torch.randn(6, 8))
class MarkedInside(Base):
    def forward(self, x):
        torch._dynamo.mark_dynamic(x, 0)
        return self.fc(x)


# aotlens: Unmarked()(torch.randn(6, 8))
class Unmarked(Base):
    def forward(self, x):
        return self.fc(x) + torch.ones(6, 8)


# aotlens: Fixed()(torch.randn(6, 8)); x: dynamic(0, name="batch")
class Fixed(Base):
    def forward(self, x):
        return self.fc(x) + torch.ones(6, 8)


# aotlens: FixedInCode()(marked(torch.randn(6, 8)))
class FixedInCode(Base):
    def forward(self, x):
        assert x.shape[0] == 6
        return self.fc(x)


# aotlens: FixedTwo()(two(6, 8)); x: dynamic(0)
class FixedTwo(Base):
    def __init__(self):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(6, 8))

    def forward(self, x):
        return self.fc(x) + self.position


# aotlens: Weak()(torch.randn(6, 8)); x: {0: torch.export.Dim.AUTO}
class Weak(Base):
    def forward(self, x):
        return self.fc(x) + torch.ones(6, 8)


# aotlens: Fewer()(torch.randn(6, 8)); x: dynamic(0, min=2, max=64)
class Fewer(Base):
    def forward(self, x):
        if x.shape[0] < 32:
            return self.fc(x)
        return x


# aotlens: Even()(marked(torch.randn(6, 8), min=2, max=64))
class Even(Base):
    def forward(self, x):
        return self.fc(x).view(-1, 2, 8)


# aotlens: Image()(torch.randn(2, 3, 32, 48)); x: {0: torch.export.Dim("n"), 2: torch.export.Dim("height", max=512)}
class Image(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.second = nn.Conv2d(8, 8, 3, stride=2)

    def forward(self, x):
        return self.second(self.first(x)).mean((2, 3))


# aotlens: Loose()(torch.randn(6, 8)); x: dynamic(0)
class Loose(Base):
    def forward(self, x):
        if x.shape[0] < 32:
            return self.fc(x).view(-1, 2, 8)
        return x


# aotlens: One()(torch.randn(1, 8)); x: dynamic(0)
class One(Base):
    pass


# aotlens: NoSuchName()(torch.randn(6, 8)); y: dynamic(0)
class NoSuchName(Base):
    pass


# aotlens: NoSuchDimension()(torch.randn(6, 8)); x: dynamic(2)
class NoSuchDimension(Base):
    pass


# aotlens: NoTensor()(torch.randn(6, 8), 3); k: dynamic(0)
class NoTensor(Base):
    def forward(self, x, k):
        return self.fc(x)[:, :k]


# aotlens: Outside()(torch.randn(6, 8)); x: dynamic(0, min=8)
class Outside(Base):
    pass
