"""Submodules that are TorchScript: Dynamo refuses them, AOTAutograd takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import trace_json

SCRIPTED = """
import torch
from torch import nn


# aotlens: Net(4)(torch.randn(3, 4))
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.{first}
        self.script = torch.jit.script(nn.Linear(width, width))

    def forward(self, x):
        return self.script(self.first(x))
"""


@pytest.mark.parametrize("first", ["Linear(width, width)", "DataParallel(nn.Linear(width, width))"])
def test_scripted_submodules_trace(tmp_path: Path, first: str) -> None:
    (tmp_path / "model.py").write_text(SCRIPTED.format(first=first))
    trace = trace_json("model.py::Net", cwd=tmp_path)["traces"][0]
    assert trace["status"] == "traced", trace["failure"]
    (graph,) = trace["graphs"]
    places = {slot["label"]: slot["definition"]["line"] for slot in graph["inputs"] if slot["kind"] == "ParamAOTInput"}
    assert {"script.weight", "script.bias"} <= set(places)
    assert places["script.weight"] == 11
    assert trace["graph_breaks"][0]["line"] == 14
