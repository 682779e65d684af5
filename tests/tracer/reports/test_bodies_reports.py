"""Public reports about operations that run bodies: `cond`, loops, `scan`, `flex_attention`, regions."""

from __future__ import annotations

from typing import Any

import pytest

from support import CORPUS

from .conftest import Report

FILE = "bodies_more"
SOURCE = (CORPUS / "reports" / f"{FILE}.py").read_text(encoding="utf-8").split("\n")


def graph_of(report: Report, name: str) -> dict[str, Any]:
    trace = report(FILE, name)
    assert trace["status"] == "traced", trace["failure"]
    return trace["graphs"][0]


def reads(report: Report, name: str, label: str) -> list[str]:
    """The lines that read an input."""
    graph = graph_of(report, name)
    slot = next(slot for slot in graph["inputs"] if slot["label"] == label)
    return [SOURCE[span["line"] - 1].strip() for span in slot["reads"]]


def body(graph: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in graph["bodies"] if one["name"] == name)


@pytest.mark.parametrize(
    "name", ["TwoWeights", "OneTrained", "DetachedInBranch", "Threshold", "Decay", "Positions", "Blocks"]
)
def test_eager_gives_the_gradients_that_the_graph_computes(report: Report, name: str) -> None:
    trace = report(FILE, name)
    run = trace["eager_run"]
    assert run["error"] is None and run["problem"] is None
    assert run["gradients"] and all(gradient["present"] for gradient in run["gradients"])
    parameters = [slot for slot in trace["graphs"][0]["inputs"] if slot["requires_grad"]]
    assert all(slot["gradient"] is not None for slot in parameters)
    assert not [f for f in trace["findings"] if f["code"] == "parameter-without-gradient"]


def test_a_loop_runs_in_eager_on_real_tensors_because_the_number_of_its_steps_is_data(report: Report) -> None:
    assert report(FILE, "Threshold")["eager_run"]["on"] == "real"


def test_each_weight_is_read_in_its_own_branch(report: Report) -> None:
    assert reads(report, "TwoWeights", "first") == ["return x * self.first"]
    assert reads(report, "TwoWeights", "second") == ["return x * self.second"]


def test_the_branch_that_does_not_use_a_weight_gives_zeros(report: Report) -> None:
    graph = graph_of(report, "TwoWeights")
    (call,) = body(graph, "true_graph_1")["calls"]
    second = next(slot["node"] for slot in graph["inputs"] if slot["label"] == "second")
    result = body(graph, "true_graph_1")["results"][call["operands"].index(second)]
    made = next(o for o in body(graph, "true_graph_1")["operations"] if o["name"] == result)
    assert made["op"] == "aten.zeros_like.default"


def test_what_a_condition_reads_is_used(report: Report) -> None:
    assert reads(report, "Threshold", "limit") == ["return h.norm() > self.limit"]


def test_the_derivative_of_a_step_hands_on_the_gradient_of_the_carry(report: Report) -> None:
    step = body(graph_of(report, "Decay"), "scan_combine_graph_1")
    made = next(o for o in step["operations"] if o["name"] == step["results"][0])
    assert step["backward"] and step["inputs"][0]["passed"] == "carry"
    assert made["op"] != "aten.zeros_like.default"
    operands, before = set(made["operands"]), {o["name"]: o["operands"] for o in step["operations"]}
    while operands & before.keys():
        operands = {other for name in operands for other in before.get(name, [name])}
    assert step["inputs"][0]["node"] in operands


def test_a_table_is_read_in_the_line_of_the_score_function(report: Report) -> None:
    assert reads(report, "Positions", "table") == ["return score + self.table[q_idx - kv_idx + 128]"]
    derivative = body(graph_of(report, "Positions"), "joint_graph0")
    assert derivative["calls"][0]["role"] == "score-mod-derivative"
    assert derivative["results"][-1] is not None


def test_equal_blocks_run_one_region_with_its_annotations(report: Report) -> None:
    graph = graph_of(report, "Blocks")
    (region,) = [one for one in graph["bodies"] if not one["backward"]]
    assert len(region["calls"]) == 3  # torch captures the first block in place
    annotated = {o["op"]: o["annotations"] for o in region["operations"]}
    assert annotated["aten.addmm.default"] == {"stage": 2, "part": "linear"}
    assert annotated["aten.relu.default"] == {"stage": 2}


@pytest.mark.parametrize(
    ("name", "parameter", "code"),
    [("DetachedInBranch", "scale", "self.scale.detach()"), ("Threshold", "limit", "h.norm() > self.limit")],
)
def test_what_bodies_only_detach_or_compare_is_never_trained(
    report: Report, name: str, parameter: str, code: str
) -> None:
    (finding,) = report(FILE, name)["findings"]
    line = finding["places"][0]["span"]["line"]
    assert finding["code"] == "gradient-always-zero" and finding["name"] == parameter
    assert finding["message"].endswith(f"`{code}` on line {line} hands no gradient back to it")
    assert code in SOURCE[line - 1]


@pytest.mark.parametrize("name", ["TwoWeights", "OneTrained", "Decay", "Positions", "Blocks"])
def test_a_gradient_that_one_branch_computes_is_not_always_zero(report: Report, name: str) -> None:
    assert report(FILE, name)["findings"] == []
