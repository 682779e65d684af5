"""Patterns of einops make the graphs that torch's own operations make, by Dynamo, and errors that are the user's."""

from __future__ import annotations

from typing import Any

import einops
import pytest
import torch

from aotlens_tracer.torch_private import dynamo
from support import CORPUS, trace_json


@pytest.fixture(scope="module")
def traces() -> dict[str, Any]:
    found = trace_json("model.py", cwd=CORPUS / "einops")["traces"]
    return {trace["target"]["qualname"]: trace for trace in found}


def test_a_pattern_is_what_it_stands_for(traces: dict[str, Any]) -> None:
    patterns, written = (traces[name]["graphs"][0] for name in ("Patterns", "Written"))
    assert patterns["capture"] == written["capture"] == "dynamo"
    for key in ("inputs", "outputs"):
        one, other = ([(slot["label"], slot["shape"]) for slot in graph[key]] for graph in (patterns, written))
        assert one == other


@pytest.mark.parametrize("name", ["Patterns", "OwnReduction"])
def test_einops_breaks_no_graph(traces: dict[str, Any], name: str) -> None:
    assert traces[name]["graphs"][0]["capture"] == "dynamo", traces[name]["graph_breaks"]
    assert traces[name]["graph_breaks"] == []


def test_an_error_that_the_call_handles_is_none(traces: dict[str, Any]) -> None:
    assert traces["Falls"]["status"] == "traced", traces["Falls"]["failure"]
    assert not any("EinopsError" in item["reason"] for item in traces["Falls"]["graph_breaks"])


def test_a_wrong_pattern_is_the_users_error(traces: dict[str, Any]) -> None:
    failure = traces["Wrong"]["failure"]
    assert (failure["stage"], failure["frames"][-1]["line"]) == ("forward", 46)
    assert "Identifiers only on one side" in failure["message"]


def test_the_parser_is_not_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    captures = []
    capture = dynamo.dynamo_graph_capture_for_export

    def counted(function: Any) -> Any:
        captures.append(function)
        return capture(function)

    monkeypatch.setattr(dynamo, "dynamo_graph_capture_for_export", counted)

    class Repeats(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return einops.repeat(x, "b n -> b h n", h=2) * 2

    parser = einops.einops._prepare_transformation_recipe
    parser.cache_clear()
    graph = dynamo.dynamo_capture(Repeats(), (torch.randn(2, 3),), {})
    assert "expand" in graph.print_readable(print_output=False)
    assert len(captures) == 1, "it had to be captured again, with the parser"
    assert not hasattr(parser.__wrapped__, "_dynamo_marked_constant")
