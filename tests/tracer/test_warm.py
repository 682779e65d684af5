"""A warm child answers what a cold one does: it knows results of operators beforehand, and waits for its request."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.wire.json_codec import to_json
from aotlens_tracer.wire.protocol import ExampleSource, TraceParams
from cli.support import children_of_tracer, is_alive, wait_for

LINUX = sys.platform.startswith("linux")
torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no process forks here")

MODELS = """\
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = F.max_pool2d(self.drop(self.norm(self.conv(x)).relu_()), 2)
        return F.log_softmax(self.head(x.mean((2, 3))), dim=-1)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 16)
        self.qkv = nn.Linear(16, 48, bias=False)
        self.register_buffer("mask", torch.ones(6, 6, dtype=torch.bool).tril())

    def forward(self, ids):
        q, k, v = self.qkv(self.embed(ids)).chunk(3, dim=-1)
        weights = (q @ k.transpose(1, 2)).masked_fill(~self.mask, float("-inf")).softmax(-1)
        return {"y": F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None]), "z": weights @ v}


class Changing(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.register_buffer("seen", torch.zeros(4))

    def forward(self, x):
        self.seen += x.detach().sum(0)
        y = x.clone()
        y[:, 1:] = self.a(x)[:, 1:] * 0.5
        return torch.where(y > 0, y, torch.zeros_like(y)).to(torch.float16)
"""
EXAMPLES = {
    "Net": "Net()(torch.randn(2, 3, 8, 8))",
    "Attention": "Attention()(torch.zeros(2, 6, dtype=torch.long))",
    "Changing": "Changing()(torch.randn(3, 4))",
}


def _traced(tracer: TracerProcess, path: Path, name: str, convention: str = "export") -> dict[str, Any]:
    example = ExampleSource(EXAMPLES[name], "pinned", str(path), 1)
    params = TraceParams(str(path), name, (example,), convention=convention, memory=4 << 30)
    map = to_json(tracer.trace(params).map)
    assert map["status"] == "traced", map["failure"]
    for graph in map["graphs"]:  # their conditions name classes by their address
        (graph["compiled"] or {}).pop("guards", None)
    for each in (map, map["eager_run"] or {}, map["values"] or {}):
        each.pop("seconds", None)
    return map


def _waiting(tracer: TracerProcess) -> list[int]:
    """The children that wait, once the tracer has made them."""
    assert wait_for(lambda: len(children_of_tracer(tracer._client)) == 2, 20)
    return children_of_tracer(tracer._client)


def test_the_maps_of_a_warm_child_are_those_of_a_cold_one(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(MODELS, encoding="utf-8")
    with TracerProcess(sys.executable, str(tmp_path)) as tracer:
        cold = {name: _traced(tracer, path, name) for name in EXAMPLES}
        compiled = _traced(tracer, path, "Changing", "compile")
        _waiting(tracer)
        if LINUX:  # a fork of a process with several threads may hang
            assert len(os.listdir(f"/proc/{tracer._client.pid}/task")) == 1
        for name in EXAMPLES:  # the calls of each are known by now
            assert _traced(tracer, path, name) == cold[name]
        assert _traced(tracer, path, "Changing", "compile") == compiled


@pytest.mark.skipif(not LINUX, reason="only Linux says which children a process has")
def test_a_child_that_waits_may_end_and_ends_with_its_tracer(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(MODELS, encoding="utf-8")
    with TracerProcess(sys.executable, str(tmp_path)) as tracer:
        first = _traced(tracer, path, "Changing")
        for waiting in _waiting(tracer):
            os.kill(waiting, signal.SIGKILL)
            assert wait_for(lambda pid=waiting: not is_alive(pid), 10)
        assert _traced(tracer, path, "Changing") == first
        both = _waiting(tracer)
        assert tracer._client.pid is not None
        os.kill(tracer._client.pid, signal.SIGKILL)
        assert wait_for(lambda: not any(map(is_alive, both)), 10)


SHARING = """\
import torch
from torch import nn

print("shared:", [line.split()[-1] for line in open("/proc/self/maps") if " rw-s " in line and "/nvidia" not in line])


class Net(nn.Module):
    def forward(self, x):
        return x * 2
"""


@pytest.mark.skipif(not LINUX, reason="looks into /proc")
def test_a_child_shares_no_writable_memory_with_the_next(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(SHARING, encoding="utf-8")
    params = TraceParams(str(path), "Net", (ExampleSource("Net()(torch.ones(2))", "pinned"),))
    with TracerProcess(sys.executable, str(tmp_path)) as tracer:
        for _ in range(2):  # a child that was forked for its request, and one that was warm before it
            answer = tracer.trace(params)
            assert answer.map.status == "traced"
            assert answer.output == "shared: []\n"
