"""The price of an output is what disappears when it is detached: each is detached, and the rest compared."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from support import CORPUS, trace_json

# One gradient among those that are joined is made of zeros when it is gone; `detach` is no work.
_NOISE = ("aten.zeros.default", "aten.detach.default")


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("model.py", cwd=CORPUS / "prices")["traces"]}


def operations(graph: dict[str, Any]) -> list[dict[str, Any]]:
    both = graph["operations"] + graph["partition"]["operations"]
    return [both[index] for index in graph["partition"]["backward"]]


def kinds(shown: list[dict[str, Any]]) -> Counter[str]:
    return Counter(operation["op"] for operation in shown if operation["op"] not in _NOISE)


def saved(graph: dict[str, Any]) -> int:
    return sum(value["bytes"] for value in graph["saved"] if value["alias_of"] is None)


def missing(graph: dict[str, Any]) -> set[str]:
    return {out["label"] for out in graph["outputs"] if out["kind"] == "GradAOTOutput" and out["node"] is None}


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", ["Heads", "Layers", "Attention"])
def test_what_goes_with_an_output(traces: dict[str, dict[str, Any]], name: str, number: int) -> None:
    (graph,), (rest,) = traces[name]["graphs"], traces[f"{name}Without{number}"]["graphs"]
    price = graph["prices"][number]
    assert price["output"] == number and graph["inputs"][price["tangent"]]["tangent_of"] == number
    gone = [operation for operation in operations(graph) if operation["name"] in price["operations"]]
    assert len(gone) == len(price["operations"]) > 0
    assert kinds(operations(graph)) - kinds(gone) == kinds(operations(rest))
    assert price["bytes"] == saved(graph) - saved(rest)
    assert {graph["outputs"][index]["label"] for index in price["gradients"]} == missing(rest) - missing(graph)
