"""The public JSON: the fields that are promised, relative paths, a meaning for each slot."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from aotlens.explain.render.public_json import public_json
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from unit.explain import maps

ROOT = "/home/ada/project"

PROMISED: dict[str, set[str]] = {
    "trace": {
        "target",
        "status",
        "convention",
        "example",
        "graphs",
        "graph_breaks",
        "findings",
        "failure",
        "seconds",
    },
    "target": {"path", "qualname", "line"},
    "example": {"origin", "recorded_in", "constructor", "arguments"},
    "argument": {"name", "value"},
    "graph": {"capture", "inputs", "outputs", "saved", "joint"},
    "slot": {"index", "node", "kind", "descriptor", "expression", "label", "dtype", "shape", "meaning"},
    "input": {"definition", "gradient"},
    "output": {"tangent", "source"},
    "saved": {"node", "bytes", "alias_of", "label", "source"},
    "span": {"path", "line", "column"},
    "graph_break": {"reason", "path", "line"},
    "finding": {"code", "severity", "message", "path", "line", "column"},
    "failure": {"stage", "reason", "message", "path", "line"},
    "seconds": {"import", "example", "capture", "describe", "total"},
}


def traced(*described: DescriptorMap, relative_to: str = ROOT) -> list[dict[str, Any]]:
    result = public_json(described, "2.13.0+cpu", relative_to)
    assert result.keys() == {"schema", "torch", "traces"}
    assert (result["schema"], result["torch"]) == ("aotlens.trace/1", "2.13.0+cpu")
    return json.loads(json.dumps(result))["traces"]


@pytest.mark.parametrize("build", [maps.deep, maps.aliases, maps.subclasses, maps.failed, maps.untraced])
def test_every_promised_field_is_there(build: object) -> None:
    (trace,) = traced(build())  # type: ignore[operator]

    def check(what: str, value: dict[str, Any] | None) -> None:
        assert value is None or value.keys() >= PROMISED[what], (what, PROMISED[what] - value.keys())

    check("trace", trace)
    for what in ("target", "example", "failure", "seconds"):
        check(what, trace[what])
    for what, values in (
        ("graph", trace["graphs"]),
        ("graph_break", trace["graph_breaks"]),
        ("finding", trace["findings"]),
    ):
        for value in values:
            check(what, value)
    for argument in (trace["example"] or {}).get("arguments", []):
        check("argument", argument)
    for graph in trace["graphs"]:
        for slot in (*graph["inputs"], *graph["outputs"]):
            check("slot", slot)
            assert isinstance(slot["meaning"], str) and slot["meaning"].endswith(".")
        for slot in graph["inputs"]:
            check("input", slot)
            check("span", slot["definition"])
        for slot in (*graph["outputs"], *graph["saved"]):
            check("output" if "tangent" in slot else "saved", slot)
            check("span", slot["source"])


def test_paths_under_the_folder_become_relative_and_others_stay() -> None:
    deep, aliases, gone = traced(maps.deep(1), maps.aliases(), maps.untraced())
    assert deep["target"]["path"] == "model.py"
    assert deep["example"]["source"]["path"] == "model.py"
    assert deep["findings"][0]["path"] == "model.py"
    graph = deep["graphs"][0]
    assert graph["inputs"][0]["definition"] == {
        "path": "model.py",
        "line": 60,
        "column": 9,
        "end_line": None,
        "end_column": None,
    }
    assert graph["outputs"][0]["source"]["path"] == "model.py" and graph["saved"][0]["source"]["path"] == "model.py"
    assert aliases["graphs"][0]["inputs"][3]["definition"]["path"].startswith("/usr/lib/python3.11/")
    assert aliases["graph_breaks"][0]["path"] == "model.py" and aliases["graph_breaks"][1]["path"] is None
    assert gone["target"]["path"] == "/elsewhere/gone.py"
    (failed,) = traced(maps.failed())
    assert failed["failure"]["path"] == "model.py" and failed["failure"]["frames"][0]["path"] == "model.py"


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/home/ada", "project/model.py"),
        ("/home/ada/", "project/model.py"),
        ("/home/ad", maps.MODEL),
        ("/", maps.MODEL[1:]),
    ],
)
def test_a_folder_is_no_mere_prefix(folder: str, expected: str) -> None:
    (trace,) = traced(maps.failed(), relative_to=folder)
    assert trace["target"]["path"] == expected


def test_what_does_not_apply_is_null() -> None:
    deep, function, untraced = traced(maps.deep(6), maps.aliases(), maps.untraced())
    empty = deep["graphs"][0]["outputs"][-1]
    assert [empty[key] for key in ("node", "kind", "descriptor", "expression", "dtype", "shape", "source")] == [
        None
    ] * 7
    missing = next(slot for slot in deep["graphs"][0]["outputs"] if slot["label"] == "grad(layers.5.mlp.fc2.weight)")
    assert missing["node"] is None and missing["kind"] == "GradAOTOutput"
    assert missing["meaning"] == (
        "The gradient of parameter `layers.5.mlp.fc2.weight` does not exist: "
        + deep["findings"][0]["message"].partition("gets no gradient: ")[2]
        + "."
    )
    assert function["example"]["constructor"] is None
    assert untraced["example"] is None and untraced["graphs"] == []
    assert untraced["failure"]["line"] is None and deep["failure"] is None


def test_a_tied_gradient_is_said_to_be_that_of_the_other_name() -> None:
    described = maps.aliases()
    (graph,) = described.graphs
    first = maps.input_slot(
        2, maps.param("embed.weight"), "embed.weight", "float32", (4, 4), "primals_2", gradient=5, requires_grad=True
    )
    graph = replace(graph, inputs=(*graph.inputs[:2], first, *graph.inputs[3:]))
    (trace,) = traced(replace(described, graphs=(graph,)))
    (tied,) = [slot for slot in trace["graphs"][0]["outputs"] if slot["label"] == "grad(head.weight)"]
    assert tied["node"] is None
    assert tied["meaning"] == (
        "The gradient of parameter `head.weight` is returned as the gradient of `embed.weight`: "
        "both are names of one parameter."
    )


def test_an_unpartitioned_graph_has_no_saved_values_and_keeps_joint() -> None:
    described = maps.deep(1)
    graph = replace(described.graphs[0], saved=None, joint=False)
    (trace,) = traced(replace(described, graphs=(graph,)))
    assert trace["graphs"][0]["saved"] == [] and trace["graphs"][0]["joint"] is False


def test_symbolic_sizes_are_strings_and_meanings_use_the_user_s_names() -> None:
    (aliases, deep) = traced(maps.aliases(), maps.deep(1))
    assert aliases["graphs"][0]["inputs"][2]["shape"] == ["s77", "s77//2 + 1"]
    meanings = [slot["meaning"] for slot in deep["graphs"][0]["inputs"]]
    assert any("Argument `batch['attention_mask']`, as you passed it" in meaning for meaning in meanings)
    assert any("The tangent of output `output.logits`" in meaning for meaning in meanings)
