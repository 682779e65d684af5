"""Classes of the kinds that packages have, each with the guess that is expected of it, as its docstring."""

from __future__ import annotations

import abc
from typing import TypedDict

import torch
from torch import nn


class Batched(nn.Module):
    """Batched(dim=64)({'tokens': torch.randint(100, (2, 16)), 'features': torch.randn(2, 16, 64)})"""

    def __init__(self, dim):
        super().__init__()
        self.embedding = nn.Embedding(100, dim)

    def forward(self, batch):
        return self.embedding(batch["tokens"]) + batch["features"]


class Nested(nn.Module):
    """Nested(dim=64)({'inputs': {'hidden': torch.randn(2, 16, 64)}})"""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, batch):
        return self.fc(batch["inputs"]["hidden"])


class Photos(TypedDict):
    pixels: torch.Tensor
    mask: torch.Tensor | None


class Typed(nn.Module):
    """Typed(dim=64)({'pixels': torch.randn(2, 3, 224, 224), 'mask': torch.ones(2, 16, dtype=torch.bool)})"""

    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(3, dim, 3)

    def forward(self, inputs: Photos):
        return self.conv(inputs["pixels"])


class Cached(nn.Module):
    """Cached(dim=64)(torch.randn(2, 16, 64), {'state': None})"""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x, cache: dict):
        return self._step(self.fc(x), cache)

    def _step(self, x, memory):
        return x if memory["state"] is None else x + memory["state"]


class Modulates(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.linear = nn.Linear(dim, 6 * dim)

    def forward(self, emb):
        return self.linear(emb).chunk(6, dim=1)


class Modulated(nn.Module):
    """Modulated(dim=64)(torch.randn(2, 16, 64), torch.randn(2, 64))"""

    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.modulates = Modulates(dim)

    def forward(self, x, condition):
        shift, scale, gate, _, _, _ = self.modulates(condition)
        return x + gate[:, None] * (self.norm(x) * (1 + scale[:, None]) + shift[:, None])


class Conditional(nn.Module):
    """Conditional(dim=64, cross=True)(torch.randn(2, 16, 64))"""

    def __init__(self, dim, cross=False):
        super().__init__()
        if cross:
            self.attention = nn.Linear(dim, dim)

    def forward(self, x):
        return self.attention(x)


class Bottleneck(nn.Module):
    """Bottleneck(inplanes=256, planes=64)(torch.randn(2, 256, 56, 56))"""

    def __init__(self, inplanes, planes):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 1)
        self.conv2 = nn.Conv2d(planes, planes * 4, 1)

    def forward(self, x):
        return self.conv2(self.conv1(x)) + x


class PassesOn(nn.Module):
    """PassesOn(chan_in=64, chan_out=64)(torch.randn(2, 64, 56, 56))"""

    def __init__(self, chan_in, chan_out, **kwargs):
        super().__init__()
        self.conv = nn.Conv2d(chan_in, chan_out, kernel_size=3, **kwargs)

    def forward(self, x):
        return self.conv(x)


class Decoder(nn.Module):
    """Decoder(dim=64)(torch.randn(2, 64, 56, 56), torch.randn(2, 64, 56, 56))"""

    def __init__(self, dim, checkpointing=False):
        super().__init__()
        self.checkpointing = checkpointing
        self.layers = nn.ModuleList([nn.Conv2d(2 * dim, dim, 3, padding=1)])

    def forward(self, hidden, skip):
        for layer in self.layers:
            hidden = torch.cat([hidden, skip], dim=1)
            if self.checkpointing:  # noqa: SIM108  # as packages write it
                hidden = torch.utils.checkpoint.checkpoint(layer, hidden)
            else:
                hidden = layer(hidden)
        return hidden


class LeavesAnAttribute(nn.Module):
    """SetsTheAttribute()(torch.randn(2, 16, 8))"""

    def __init__(self, dim):
        super().__init__()
        self.out = nn.Linear(dim, 3)

    def forward(self, x):
        return self.out(self.body(x))


class SetsTheAttribute(LeavesAnAttribute):
    def __init__(self, dim=8):
        super().__init__(dim)
        self.body = nn.Linear(8, dim)


class LeavesAMethod(nn.Module):
    """HasTheMethod(dim=64)(torch.randn(2, 16, 64))"""

    def __init__(self, dim):
        super().__init__()
        self.out = nn.Linear(dim, 3)

    def features(self, x):
        raise NotImplementedError

    def forward(self, x):
        return self.out(self.features(x))


class HasTheMethod(LeavesAMethod):
    def features(self, x):
        return x.relu()


class IsAbstract(nn.Module, abc.ABC):
    """IsConcrete(dim=64)(torch.randn(2, 16, 64))"""

    def __init__(self, dim):
        super().__init__()
        self.out = nn.Linear(dim, 3)

    @abc.abstractmethod
    def features(self, x): ...

    def forward(self, x):
        return self.out(self.features(x))


class IsConcrete(IsAbstract):
    def features(self, x):
        return x.relu()


class UnpacksPieces(nn.Module):
    """UnpacksPieces(width=8)(torch.randn(2, 16, 8))"""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        left, right = self.norm(x).split(4, -1)
        return left * right


class ReadsDataFirst(nn.Module):
    """ReadsDataFirst(dim=64)(torch.randn(2, 16, 64), torch.randn(2, 16, 24))"""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, 24)

    def forward(self, x, scale):
        rows = x[x.sum(-1) > -1000]
        return self.fc(rows) * scale.flatten(0, -2).mean(0)


class LeavesParameters(nn.Module):
    """TakesParameters()(torch.randn(2, 16, 64))"""

    def step(self):
        raise NotImplementedError

    def forward(self, x):
        return self.step(x)


class TakesParameters(LeavesParameters):
    def step(self, x):
        return x.relu()


class HandsAllOn(nn.Module):
    """HandsAllOn(dim=64)(torch.randn(2, 16, 64), torch.randn(2, 16, 64))"""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, *args):
        return self._combined(*args)

    def _combined(self, x, memory):
        return self.fc(x) + memory


class CallsWhatMayBeNone(nn.Module):
    # No docstring, here and below: what a file writes out of a constructor's call is tried too.
    def __init__(self, inner: nn.Module | None = None):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x.sigmoid())


class SizedByItsLayer(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        if hasattr(inner, "in_features"):
            width = inner.in_features
        elif hasattr(inner, "in_channels"):
            width = inner.in_channels
        else:
            raise ValueError("the width is unknown")
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        return self.inner(self.norm(x))


class RunsWithDataAlone(nn.Module):
    """RunsWithDataAlone(dim=64)(torch.randn(16, 64), torch.randint(16, (2, 32)))"""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x, edge_index):
        source, target = edge_index[:, edge_index[0] != edge_index[1]]
        x = self.fc(x)
        weight = (x.index_select(-2, source) * x.index_select(-2, target)).sum(-1)
        return torch.zeros_like(x).index_add(-2, target, x.index_select(-2, source) * weight.view(-1, 1))
