"""A trace of a model with many layers: each step takes work in proportion to their number, and no more."""

from __future__ import annotations

import cProfile
import pstats
from pathlib import Path

import pytest
import torch
from torch import nn

from aotlens_tracer.steps.trace import trace
from aotlens_tracer.torch_private import own_module
from aotlens_tracer.values.size_origins import as_written
from aotlens_tracer.wire.protocol import ExampleSource, TraceParams

MODEL = """
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(8), nn.Linear(8, 8)

    def forward(self, x):
        return x + self.linear(self.norm(x)).relu()


class Net(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.plain = nn.Sequential(*[nn.Linear(8, 8) for _ in range(count)])
        self.blocks = nn.ModuleList(Block() for _ in range(count))

    def forward(self, x):
        x = self.plain(x)
        for block in self.blocks:
            x = block(x)
        return x
"""
FEW, USUAL, MANY = 5, 10, 20
SLACK = 60
"""Calls that a step may make more: those of a second page of a cache, or of a longer path of names."""

Calls = dict[tuple[str, str], int]


def calls_of(file: Path, layers: int) -> Calls:
    """Return how often the tracer calls each function, by its own function that does."""
    source = ExampleSource(f"Net({layers})(torch.randn(2, 8))", "option")
    profile = cProfile.Profile()
    profile.runcall(trace, TraceParams(str(file), "Net", (source,)), lambda event: None)
    found: Calls = {}
    for called, (*_, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]  # untyped
        for caller, counts in callers.items():
            if "aotlens_tracer" in caller[0]:
                key = f"{caller[0]}:{caller[2]}", f"{called[0]}:{called[2]}"
                found[key] = found.get(key, 0) + counts[0]
    return found


def test_calls_grow_with_the_number_of_layers(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(MODEL, encoding="utf-8")
    calls_of(file, 1)  # fills the caches of torch
    few, usual, many = (calls_of(file, layers) for layers in (FEW, USUAL, MANY))
    assert len(many) > 1000
    grown = {
        key: (few.get(key, 0), usual.get(key, 0), count)
        for key, count in many.items()
        if count - usual.get(key, 0) > 2.5 * (usual.get(key, 0) - few.get(key, 0)) + SLACK
    }
    assert not grown


def test_a_layer_is_found_under_each_of_its_names() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layer = nn.Linear(8, 8)
            self.layers = nn.ModuleList([layer, layer])

    assert as_written(Net(), "layers.1.weight") == "self.layers[1]"


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")
def test_a_scripted_module_has_modules() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Linear(8, 8)))
    assert own_module(scripted, "0") is not None
    assert own_module(scripted, "1") is None
