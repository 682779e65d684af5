"""The user's names for flat arguments and outputs, through the command line's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from support import CORPUS, trace_json


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    answer = trace_json("model.py", cwd=CORPUS / "labels")
    found = {trace["target"]["qualname"]: trace for trace in answer["traces"]}
    for trace in found.values():
        assert trace["status"] == "traced", (trace["target"], trace["failure"])
    return found


def labels(trace: dict[str, Any], where: str, kind: str) -> list[str]:
    return [slot["label"] for slot in trace["graphs"][0][where] if slot["kind"] == kind]


def test_arguments_have_the_names_of_the_signature(traces: dict[str, dict[str, Any]]) -> None:
    trace = traces["Arguments"]
    assert labels(trace, "inputs", "PlainAOTInput") == [
        "x",
        "y",
        "rest[0]",
        "scale",
        "batch['mask']",
        "batch['ids'][0]",
        "batch['ids'][1]",
        "extra",
    ]
    assert labels(trace, "outputs", "PlainAOTOutput") == ["output['logits']", "output['aux'][0]", "output['aux'][1][0]"]
    arguments = {argument["name"]: argument["value"] for argument in trace["example"]["arguments"]}
    assert arguments["batch"] == "{'mask': f32[2], 'ids': [f32[2], f32[2]]}"
    assert arguments["rest[0]"] == "f32[2]"


def test_named_tuples_and_dataclasses(traces: dict[str, dict[str, Any]]) -> None:
    trace = traces["Structures"]
    inputs = labels(trace, "inputs", "PlainAOTInput")
    assert inputs[:4] == ["pair.left", "pair.right", "encoded.hidden", "encoded.pooled"]
    assert inputs[-1] == "count"
    outputs = labels(trace, "outputs", "PlainAOTOutput")
    assert outputs == ["output.hidden", "output.pooled", "output.layers[0]", "output.layers[1]"]


def test_a_dataclass_that_torch_does_not_know(traces: dict[str, dict[str, Any]]) -> None:
    assert labels(traces["Opaque"], "outputs", "PlainAOTOutput")[0] == "output.hidden"


def test_a_bound_method_keeps_the_names_of_its_module(traces: dict[str, dict[str, Any]]) -> None:
    trace = traces["Step"]
    assert labels(trace, "inputs", "ParamAOTInput") == ["net.weight", "net.bias"]
    assert labels(trace, "inputs", "PlainAOTInput")[0] == "batch['x']"
    assert labels(trace, "outputs", "PlainAOTOutput") == ["output.left", "output.right"]
    assert trace["example"]["constructor"] == "Step(nn.Linear(2, 2)).training_step"


def test_a_function(traces: dict[str, dict[str, Any]]) -> None:
    trace = traces["attend"]
    assert trace["example"]["constructor"] is None
    assert labels(trace, "inputs", "PlainAOTInput") == ["query", "key"]
    assert labels(trace, "outputs", "GradAOTOutput") == ["grad(key)"]
    assert trace["target"]["line"] is not None


def test_the_same_tensor_twice_is_one_input_once_it_is_mutated(traces: dict[str, dict[str, Any]]) -> None:
    assert labels(traces["Twice"], "inputs", "PlainAOTInput") == ["a", "b"]
    assert traces["Twice"]["graphs"][0]["vanished"] == []
    graph = traces["MutatedTwice"]["graphs"][0]
    assert labels(traces["MutatedTwice"], "inputs", "PlainAOTInput") == ["a", "c"]
    assert [(v["label"], v["into"], v["reason"]) for v in graph["vanished"]] == [("b", 0, "deduplication")]


def test_without_gradients_there_are_no_tangents(traces: dict[str, dict[str, Any]]) -> None:
    graph = traces["Frozen"]["graphs"][0]
    assert graph["joint"] is False
    assert [slot["node"] for slot in graph["inputs"]] == ["arg0_1", "arg1_1"]
    assert all(slot["gradient"] is None and slot["tangent_of"] is None for slot in graph["inputs"])
    assert graph["saved"] == []
    assert [finding["severity"] for finding in traces["Frozen"]["findings"]] == ["hint"]


def test_outputs_that_are_views_of_inputs(traces: dict[str, dict[str, Any]]) -> None:
    trace = traces["Identity"]
    inputs = trace["graphs"][0]["inputs"]
    outputs = [slot for slot in trace["graphs"][0]["outputs"] if slot["kind"] == "PlainAOTOutput"]
    assert [inputs[slot["alias_of"]]["label"] for slot in outputs] == ["x", "y"]
