"""An autocast for CUDA without CUDA: the types of values, and what autograd keeps, are those of a GPU."""

from __future__ import annotations

import importlib.util
import json
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from aotlens_tracer.torch_private import AutocastOfCuda, autocast_of_cuda
from support import ROOT, trace_json

FILE = ROOT / "tests" / "gpu" / "kept_bytes.py"
MEASURED: dict[str, Any] = json.loads(FILE.with_suffix(".json").read_text(encoding="utf-8"))
"""What torch 2.11 did on an H200."""
OTHER_KERNELS = ("attention", "multihead", "lstm", "gru", "rnn", "recurrent_cells")
"""Models whose kernels on CUDA keep something else, in the same types."""
AUTOCAST = [name for name in MEASURED if name.startswith("autocast_")]

SOURCE = """
import torch
from torch import nn

class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(64, 64)
        self.part = self.make()
    def forward(self, x):
        return self.part(self.lin(x))

# aotlens: rms_norm()(torch.randn(8, 32, 64))
class rms_norm(Base):
    def make(self):
        return nn.RMSNorm(64)

# aotlens: rms_norm_half().bfloat16()(torch.randn(8, 32, 64).bfloat16())
class rms_norm_half(rms_norm):
    pass

# aotlens: dropout()(torch.randn(8, 32, 64))
class dropout(Base):
    def make(self):
        return nn.Dropout(0.1)

# aotlens: layer_norm()(torch.randn(8, 32, 64))
class layer_norm(Base):
    def make(self):
        return nn.LayerNorm(64)

# aotlens: autocast_layer_norm_bfloat16()(torch.randn(8, 32, 64))
class autocast_layer_norm_bfloat16(layer_norm):
    def forward(self, x):
        with torch.autocast("cuda", torch.bfloat16):
            return super().forward(x)

# aotlens: decorated()(torch.randn(8, 32, 64))
class decorated(layer_norm):
    @torch.autocast("cuda")
    def forward(self, x):
        y = self.lin(x)
        return y, y.softmax(-1), torch.is_autocast_enabled("cuda")

# aotlens: Around()(torch.randn(8, 32, 64))
class Around(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Recorded()
    def forward(self, x):
        with torch.autocast("cuda", torch.bfloat16):
            return self.inner(x).sum()

class Recorded(Base):
    def make(self):
        return nn.LayerNorm(64)

# aotlens: on_the_cpu()(torch.randn(8, 32, 64))
class on_the_cpu(layer_norm):
    def forward(self, x):
        with torch.autocast("cpu", torch.bfloat16):
            return super().forward(x)
"""


@pytest.fixture(scope="module")
def models() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kept_bytes", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def without_cuda() -> Iterator[AutocastOfCuda]:
    if torch.cuda.is_available():
        pytest.skip("there is CUDA, whose autocast is torch's own")
    state = AutocastOfCuda()
    with warnings.catch_warnings(), autocast_of_cuda(state):
        warnings.simplefilter("ignore")
        yield state


@pytest.mark.parametrize("name", AUTOCAST)
def test_types_and_kept_values_are_those_of_a_gpu(models: ModuleType, name: str) -> None:
    measured, found = MEASURED[name], models.kept(name, "cpu")
    if "problem" in measured:
        assert found["problem"][:60] == measured["problem"][:60]
        return
    assert found["outputs"] == measured["outputs"]
    if not any(part in name for part in OTHER_KERNELS):
        assert Counter(found["values"]) == Counter(measured["values"]) and found["bytes"] == measured["bytes"]


def test_every_operator_with_a_policy_of_cuda_has_it_here() -> None:
    from aotlens_tracer.torch_private import cuda_autocast as ours

    own, cuda = (
        {name.removeprefix("aten::") for name in torch._C._dispatch_get_registrations_for_dispatch_key(key)}
        for key in ("AutocastCPU", "AutocastCUDA")
    )
    listed = {*ours._LOWER, *ours._FLOAT32, *ours._FLOAT32_RESULT, *ours._NORMS, *ours._PROMOTED}
    of_gpus_alone = {"cudnn_convolution", "cudnn_convolution_transpose", "_scaled_dot_product_flash_attention"}
    assert cuda - own - listed <= of_gpus_alone


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file: Path = tmp_path_factory.mktemp("autocast") / "model.py"
    file.write_text(SOURCE, encoding="utf-8")
    found = trace_json(str(file), "--partitioner", "eager")["traces"]
    return {trace["target"]["qualname"]: trace for trace in found}


@pytest.mark.parametrize("name", ["rms_norm", "rms_norm_half", "dropout", "layer_norm", "autocast_layer_norm_bfloat16"])
def test_saved_bytes_and_what_is_said_of_kernels_give_those_of_a_gpu(traces: dict[str, Any], name: str) -> None:
    (graph,) = traces[name]["graphs"]
    cpu = sum(value["bytes"] for value in graph["saved"] if value["alias_of"] is None)
    assert cpu + sum(each["elsewhere"] - each["bytes"] for each in graph["of_kernels"]) == MEASURED[name]["bytes"]
    assert bool(graph["of_kernels"]) == (name in ("rms_norm", "rms_norm_half", "dropout"))


def test_a_map_says_whose_autocast_it_is(traces: dict[str, Any]) -> None:
    said = {name: trace["autocast_of_cuda"] for name, trace in traces.items()}
    in_autocast = {"autocast_layer_norm_bfloat16", "decorated", "Around", "Recorded"}
    assert {name for name, is_said in said.items() if is_said} == in_autocast
    outputs = [
        each["dtype"] for each in traces["decorated"]["graphs"][0]["outputs"] if each["kind"] == "PlainAOTOutput"
    ]
    assert outputs == ["float16", "float32", None]
    cpu = traces["on_the_cpu"]["graphs"][0]["outputs"]
    assert cpu[0]["dtype"] == "bfloat16"


def test_a_recorded_call_is_in_the_autocast_around_it(traces: dict[str, Any]) -> None:
    recorded, written = traces["Recorded"], traces["autocast_layer_norm_bfloat16"]
    assert recorded["example"]["recorded_in"] is not None

    def told(trace: dict[str, Any]) -> Any:
        (graph,) = trace["graphs"]
        return [(each["op"], each["dtype"], each["shape"]) for each in graph["operations"]], graph["eager_memory"][
            "held"
        ]

    assert told(recorded) == told(written)
