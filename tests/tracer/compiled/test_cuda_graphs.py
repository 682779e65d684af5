"""Causes that keep graphs out of CUDA graphs, compared with a run on a GPU."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import ROOT, trace_json

FILE = ROOT / "tests" / "gpu" / "cuda_graph_blockers.py"
MEASURED: dict[str, str] = json.loads(FILE.with_suffix(".json").read_text(encoding="utf-8"))
"""The consequence that `mode="reduce-overhead"` had on a GPU, in training."""
UNSEEN = {
    "ScalarArgument": "a caller chooses the device of an argument",
    "Item": "its graph break is a finding of its own",
}


@pytest.fixture(scope="module")
def traces() -> dict[str, Any]:
    found = trace_json(FILE.name, "--convention", "compile", "--no-eager", cwd=FILE.parent)["traces"]
    return {trace["target"]["qualname"]: trace for trace in found}


def _found(trace: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in trace["findings"] if finding["code"] == "cuda-graph-blocker"]


@pytest.mark.parametrize("name", [name for name in MEASURED if name not in UNSEEN])
def test_what_is_said_is_what_a_gpu_did(traces: dict[str, Any], name: str) -> None:
    assert traces[name]["status"] == "traced", traces[name]["failure"]
    effects = {finding["reason"]["effect"] for finding in _found(traces[name])}
    assert effects == ({MEASURED[name]} - {"none"})


@pytest.mark.parametrize("name", UNSEEN)
def test_what_cannot_be_known_is_not_said(traces: dict[str, Any], name: str) -> None:
    assert MEASURED[name] == "split" and _found(traces[name]) == []


def test_the_place_is_the_line_that_does_it(traces: dict[str, Any]) -> None:
    source = FILE.read_text(encoding="utf-8").split("\n")
    lines = {name: [source[finding["line"] - 1].strip() for finding in _found(traces[name])] for name in MEASURED}
    assert lines["ChangesArgument"] == ["cache.add_(y.detach().mean(0))"]
    assert lines["ChangesSlice"] == ["cache[:, 1] = y.detach()"]
    assert lines["RandomMoved"] == ["return self.lin(x) + torch.randn(x.shape).to(x.device)"]
    assert lines["ReplacesAttribute"] == ["self.cache = self.cache * 0.9 + x.detach().mean(0)"]
    (kept,) = _found(traces["ReplacesAttribute"])
    assert kept["subjects"] == [{"kind": "value", "name": "cache"}] and kept["severity"] == "information"
