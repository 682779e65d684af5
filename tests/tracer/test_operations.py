"""The operations of a graph: their call chains, modules and forward operations; what is saved, by which expression."""

from __future__ import annotations

from typing import Any

import pytest

from support import CORPUS, trace_json

FOLDER = CORPUS / "operations"
SOURCE = (FOLDER / "model.py").read_text(encoding="utf-8").split("\n")


@pytest.fixture(scope="module")
def graph() -> dict[str, Any]:
    (trace,) = trace_json("model.py::Model", cwd=FOLDER)["traces"]
    assert trace["status"] == "traced", trace["failure"]
    return trace["graphs"][0]


def chain(graph: dict[str, Any], frame: int | None) -> list[str]:
    """The expressions of a call chain, outermost first."""
    found: list[str] = []
    while frame is not None:
        span = graph["frames"][frame]["span"]
        line = SOURCE[span["line"] - 1]
        found.insert(0, line[span["column"] - 1 : (span["end_column"] or len(line) + 1) - 1])
        frame = graph["frames"][frame]["caller"]
    return found


def of(graph: dict[str, Any], op: str, module: str | None) -> dict[str, Any]:
    """The first operation of a kind in a module."""
    return next(o for o in graph["operations"] if o["op"] == op and o["module"] == module)


def test_call_chains(graph: dict[str, Any]) -> None:
    inner = of(graph, "aten.addmm.default", "blocks.1.up")
    assert chain(graph, inner["frame"]) == ["block(x)", "self.up(self.norm(x))"]
    helper = of(graph, "aten.sigmoid.default", "blocks.0")
    assert chain(graph, helper["frame"]) == ["block(x)", "gate(self.up(self.norm(x)))", "torch.sigmoid(x)"]
    assert chain(graph, of(graph, "aten.exp.default", "")["frame"]) == ["torch.exp(both)"]
    assert all(frame["package"] is None for frame in graph["frames"])


def test_layers_share_their_frames(graph: dict[str, Any]) -> None:
    frames = {o["frame"] for o in graph["operations"] if o["op"] == "aten.addmm.default"}
    assert len(frames) == 1
    assert len({str(frame) for frame in graph["frames"]}) == len(graph["frames"])


def test_operands_and_arguments(graph: dict[str, Any]) -> None:
    split = of(graph, "aten.split.Tensor", "")
    assert split["operands"] == ["tanh"] and split["arguments"] == "tanh, 4, -1"
    assert split["is_view"] and not of(graph, "aten.tanh.default", "")["is_view"]
    assert (split["dtype"], split["shape"]) == (None, None)
    tanh = of(graph, "aten.tanh.default", "")
    assert (tanh["dtype"], tanh["shape"]) == ("float32", [2, 8])


def test_backward_operations_name_the_forward_operation(graph: dict[str, Any]) -> None:
    backward = of(graph, "aten.native_layer_norm_backward.default", "blocks.0.norm")
    assert (
        backward["backward"]
        and backward["forward"] == of(graph, "aten.native_layer_norm.default", "blocks.0.norm")["name"]
    )
    assert chain(graph, backward["frame"]) == ["block(x)", "self.norm(x)"]
    sums = [o for o in graph["operations"] if o["backward"] and o["forward"] is None]
    assert {o["op"] for o in sums} == {"aten.add.Tensor"} and all(o["module"] is None for o in sums)


def test_what_is_saved_is_named_by_what_computed_it(graph: dict[str, Any]) -> None:
    labels = {value["node"]: value["label"] for value in graph["saved"] if value["alias_of"] is None}
    inputs_of_up = [o["operands"][1] for o in graph["operations"] if o["op"] == "aten.addmm.default"]
    assert {labels[name] for name in inputs_of_up if name in labels} <= {"norm(x)"}
    # The call that saves it is `left * right`; what it keeps was computed on the line before.
    assert "torch.tanh(x)" in labels.values() or "torch.tanh(x).split(4, -1)" in labels.values()
    assert "torch.exp(both)" in labels.values()
    assert not any(label.startswith(("left", "[left")) for label in labels.values())


def test_what_is_saved_is_read_by_backward_operations(graph: dict[str, Any]) -> None:
    both = graph["operations"] + graph["partition"]["operations"]
    backward = {both[index]["name"]: both[index] for index in graph["partition"]["backward"]}
    for value in graph["saved"]:
        assert value["read_by"]
        assert all(value["node"] in backward[name]["operands"] for name in value["read_by"])
    forward = {both[index]["name"] for index in graph["partition"]["forward"]}
    inputs = {slot["node"] for slot in graph["inputs"]}
    assert {value["node"] for value in graph["saved"]} <= forward | inputs
