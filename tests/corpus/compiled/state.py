"""Modules whose parameters and buffers are shared, changed in place, or used without gradients."""

import torch
from torch import nn


# aotlens: Tied()(torch.tensor([[1, 2, 3]]))
class Tied(nn.Module):
    """Two names for one parameter."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.mix = nn.Linear(8, 8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        return self.head(self.mix(self.embed(ids)))


# aotlens: Normed()(torch.randn(2, 3, 8, 8))
class Normed(nn.Module):
    """BatchNorm changes its buffers in place, and so does this module."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, image):
        self.seen += image.mean()
        return self.norm(self.conv(image)).relu()


# aotlens: Frozen()(torch.randn(4, 8))
class Frozen(nn.Module):
    """A part without gradients, and a parameter that wants none."""

    def __init__(self):
        super().__init__()
        self.frozen = nn.Linear(8, 8).requires_grad_(False)
        self.teacher = nn.Linear(8, 8)
        self.student = nn.Linear(8, 8)

    def forward(self, x):
        with torch.no_grad():
            target = self.teacher(x)
        return self.student(self.frozen(x)) - target


# aotlens: Inference()(torch.randn(4, 8))
class Inference(nn.Module):
    """Nothing gets a gradient: there is no backward graph."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    @torch.inference_mode()
    def forward(self, x):
        return self.layer(x).softmax(-1)


# aotlens: CalledTwice()(torch.randn(4, 8))
class CalledTwice(nn.Module):
    """One submodule is called twice, and another lies two levels deeper."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Sequential(nn.Linear(8, 8)))
        self.last = nn.ModuleDict({"a-b": nn.Linear(8, 8), "a_b": nn.Linear(8, 8)})

    def forward(self, x):
        x = self.shared(self.shared(x))
        return self.last["a-b"](x) + self.last["a_b"](x)


def scaled_by(factor):
    """A function that closes over a tensor."""

    def scaled(x):
        return x * factor

    return scaled


SHIFT = torch.full((8,), 0.5)


# aotlens: Closed()(torch.randn(4, 8, requires_grad=True))
class Closed(nn.Module):
    """Tensors in a closure, in a global and in a plain attribute; the argument gets a gradient."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.scale = scaled_by(torch.arange(8.0))
        self.table = [torch.ones(8), torch.zeros(8)]

    def forward(self, x):
        return self.scale(self.layer(x)) + SHIFT + self.table[1]
