"""Jagged nested tensors: what a trace says of them, and what eager does."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from support import CORPUS, trace_json

FOLDER = CORPUS / "subclasses"

FAILS = {
    "Sum": ("forward", "self.fc(x).sum(1)", "the backward pass fails: NotImplementedError: aten._nested_sum_backward"),
    "Mean": ("forward", "self.fc(x).mean(1)", "the backward pass fails: RuntimeError"),
    "Chunked": ("forward", "scaled_dot_product_attention", "RuntimeError: No viable backend for"),
    "Contiguous": ("capture", "scaled_dot_product_attention", "the operator aten._nested_tensor_from_tensor_list"),
    "OldLayout": ("capture", "self.fc(x)", "Unsupported: Attempted to wrap strided NestedTensor"),
}
"""The stage, a part of the line, and the beginning of the message of each class that is not traced."""
WORKS = ("Padded", "Segments", "PaddedAttention")
"""The ways that the hints name."""


@pytest.fixture(scope="module")
def traces() -> dict[str, Any]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("jagged.py", cwd=FOLDER)["traces"]}


@pytest.mark.parametrize("name", FAILS)
def test_a_limit_of_torch_is_told_at_its_line_with_a_way_that_works(name: str, traces: dict[str, Any]) -> None:
    stage, text, message = FAILS[name]
    failure = traces[name]["failure"]
    lines = (FOLDER / "jagged.py").read_text(encoding="utf-8").splitlines()
    assert failure["stage"] == stage
    assert text in lines[failure["line"] - 1]
    assert failure["message"].startswith(message)
    assert "shape_env" not in failure["message"]
    assert failure["hint"]


def test_the_ways_that_the_hints_name_are_traced(traces: dict[str, Any]) -> None:
    assert {name: traces[name]["status"] for name in WORKS} == dict.fromkeys(WORKS, "traced")


def test_torch_compile_runs_what_cannot_be_traced_in_eager() -> None:
    options = ("--convention", "compile")
    found = trace_json("jagged_compiled.py", *options, cwd=FOLDER)["traces"]
    traces = {trace["target"]["qualname"]: trace for trace in found}
    assert {name: trace["status"] for name, trace in traces.items()} == {"Between": "traced", "Inside": "traced"}
    assert traces["Inside"]["example"]["weights"] == "real"
    kinds = {subclass["type"] for subclass in traces["Between"]["graphs"][0]["subclasses"]}
    assert kinds == {"NestedTensor"}


def test_eager_fails_where_the_message_says_so_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import jagged as module  # type: ignore[import-not-found]  # a file of the corpus

    monkeypatch.delitem(sys.modules, "jagged")

    def step(name: str) -> None:
        layout = torch.strided if name == "OldLayout" else torch.jagged
        result = getattr(module, name)()(module.jagged(layout=layout))
        torch.autograd.backward(result, torch.ones_like(result))

    for name, (stage, _, _) in FAILS.items():
        if stage == "forward":
            with pytest.raises(RuntimeError):
                step(name)
        else:
            step(name)
    for name in WORKS:
        step(name)
