"""A graph of torch.fx, which has no source, asserts that its input has a width."""

from __future__ import annotations

import torch
from torch import fx, nn

from aotlens_tracer.examples.inferred.values import Tensor


def doubled(width):
    graph = fx.Graph()
    x = fx.Proxy(graph.placeholder("x"))
    torch._assert(x.shape[-1] == width, "invalid input shape")
    graph.output((x * 2).node)
    return fx.GraphModule({}, graph)


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.doubled = doubled(width)

    def forward(self, x):
        return self.doubled(x)


BUILT = "Net(width=12)"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = ["Net(width=12)(torch.randn(2, 16, 12))"]
