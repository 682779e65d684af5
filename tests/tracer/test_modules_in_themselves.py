"""Modules that contain themselves: eager and torch.compile run them, and a trace ends and says what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from aotlens_tracer.graph.repeated_layers import repeated_layers
from support import trace_json

SOURCE = """
import torch
from torch import nn

# aotlens: Self()(torch.randn(2, 4))
class Self(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 4)
        self.me = self
    def forward(self, x):
        return self.lin(x).relu()

class Child(nn.Module):
    def __init__(self, parent):
        super().__init__()
        self.lin = nn.Linear(4, 4)
        self.parent = parent
    def forward(self, x):
        return self.lin(x) + self.parent.lin(x)

# aotlens: Parent()(torch.randn(2, 4))
class Parent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 4)
        self.a = Child(self)
        self.b = Child(self)
    def forward(self, x):
        return self.a(self.b(x))
"""


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file: Path = tmp_path_factory.mktemp("cycles") / "model.py"
    file.write_text(SOURCE, encoding="utf-8")
    return {trace["target"]["qualname"]: trace for trace in trace_json(str(file))["traces"]}


@pytest.mark.parametrize("name", ["Self", "Parent"])
def test_each_parameter_is_one_input_with_the_gradient_of_eager(traces: dict[str, Any], name: str) -> None:
    names: dict[str, Any] = {}
    exec(SOURCE, names)
    model = names[name]()
    model(torch.randn(2, 4)).sum().backward()
    (graph,) = traces[name]["graphs"]
    given = [slot["label"] for slot in graph["inputs"] if slot["kind"] == "ParamAOTInput"]
    assert len(given) == len(list(model.parameters()))
    parameters = [model.get_parameter(label) for label in given]
    assert len({id(each) for each in parameters}) == len(parameters)
    assert all(each.grad is not None for each in parameters)
    gradients = [slot["label"] for slot in graph["outputs"] if slot["kind"] == "GradAOTOutput" and slot["node"]]
    assert gradients == [f"grad({label})" for label in given]


def test_a_child_that_keeps_its_parent_is_traced_as_it_is_called(traces: dict[str, Any]) -> None:
    child = traces["Child"]
    assert child["status"] == "traced" and child["example"]["recorded_in"].endswith("::Parent")


@pytest.mark.parametrize("name", ["Self", "Parent"])
def test_its_layers_are_not_folded(name: str) -> None:
    """The search for equal layers ends. Only an editor asks for it, which shows a provisional map first."""
    names: dict[str, Any] = {}
    exec(SOURCE, names)
    model = names[name]()
    model.layers = torch.nn.ModuleList(torch.nn.Linear(4, 4) for _ in range(8))
    assert repeated_layers(model, 4) is None
