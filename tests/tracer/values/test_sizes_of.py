"""The origins of the sizes of an operation that fails."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from .dimension_runs import prepared


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(64, 256)
        self.gate = nn.Sequential(nn.Linear(64, 128), nn.GELU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen = [self.up(x), self.gate(x).relu()]
        return self.seen[0] * self.seen[1]


def test_the_sizes_that_clash_come_from_layers() -> None:
    example, dimensions = prepared(lambda: (Gated(), (torch.randn(2, 16, 64),), {}))
    with example.fake(), dimensions.following(), pytest.raises(RuntimeError, match="128"):
        example.function(*example.args)
    module = example.module
    assert module is not None
    up, gate = (dimensions.sizes_of(tensor) for tensor in module.seen)
    assert [(size.role, size.text, size.axis) for size in up if size is not None] == [
        ("argument", "x", 0),
        ("argument", "x", 1),
        ("parameter", "self.up", 0),
    ]
    assert up[2] is not None and up[2].span is not None and gate[2] is not None
    assert up[2].span.line == Gated.__init__.__code__.co_firstlineno + 2
    assert gate[2].text == "self.gate[0]"
