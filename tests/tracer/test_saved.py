"""Values saved for backward, for each partitioner: those with memory of their own, what keeps them, and the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support import CORPUS, trace_json

FOLDER = CORPUS / "saved"


def traced(*options: str) -> dict[str, dict[str, Any]]:
    """The trace of each module of the corpus."""
    traces = trace_json("model.py", *options, cwd=FOLDER)["traces"]
    assert all(trace["status"] == "traced" for trace in traces), [trace["failure"] for trace in traces]
    return {trace["target"]["qualname"]: trace for trace in traces}


def own(trace: dict[str, Any]) -> list[dict[str, Any]]:
    """The saved values of a trace, aliases apart."""
    return [value for value in trace["graphs"][0]["saved"] if value["alias_of"] is None]


@pytest.fixture(scope="module")
def eager() -> dict[str, dict[str, Any]]:
    return traced("--partitioner", "eager")


@pytest.fixture(scope="module")
def compared() -> dict[str, dict[str, Any]]:
    return traced("--partitioner", "default", "--compare")


def brief(value: dict[str, Any]) -> tuple[str, int, str, list[str], int]:
    """The facts about a value in eager: label, bytes, module, the nodes that keep it, and the line that computed it."""
    return value["label"], value["bytes"], value["module"], value["read_by"], value["source"]["line"]


def test_eager_says_which_autograd_node_keeps_a_value_and_what_computed_it(eager: dict[str, dict[str, Any]]) -> None:
    assert list(map(brief, own(eager["Custom"]))) == [("x * x", 64, "", ["CubeBackward.tensors"], 52)]
    assert brief(own(eager["Views"])[0]) == (
        "up(x)",
        64,
        "up",
        ["SinBackward0.self", "CosBackward0.self", "MulBackward0.other"],
        31,
    )
    graph = eager["Custom"]["graphs"][0]
    assert graph["partitioner"] == "eager" and graph["memory_budget"] is None and graph["partition"] is None
    assert all(value["node"] is None for trace in eager.values() for value in trace["graphs"][0]["saved"])


def test_views_side_by_side_in_one_memory_have_their_own(
    eager: dict[str, dict[str, Any]], compared: dict[str, dict[str, Any]]
) -> None:
    for traces in (eager, compared):
        values = own(traces["Chunks"])
        assert [value["bytes"] for value in values] == [64] * 4
        assert [value["label"] for value in values].count("q * k") == 1


def test_views_of_the_same_elements_have_none(
    eager: dict[str, dict[str, Any]], compared: dict[str, dict[str, Any]]
) -> None:
    for traces in (eager, compared):
        assert [value["bytes"] for value in own(traces["Views"])] == [64, 8]


def test_what_expand_repeats_counts_once(eager: dict[str, dict[str, Any]], compared: dict[str, dict[str, Any]]) -> None:
    for traces in (eager, compared):
        assert sorted(value["bytes"] for value in own(traces["Repeated"])) == [16, 1600, 1600]


def test_what_the_call_gives_up_and_what_a_checkpoint_computes_again_is_not_kept(
    eager: dict[str, dict[str, Any]],
) -> None:
    assert "x.exp()" not in [value["label"] for value in own(eager["Custom"])]
    assert [value["label"] for value in own(eager["Checkpointed"])] == ["up(x)"]


def test_small_models_are_seen_on_real_tensors(eager: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    assert [value["read_by"] for value in own(eager["Asks"])] == [["SinBackward0.self"]]
    assert eager["Asks"]["graphs"][0]["eager_on"] == "real"
    text = (FOLDER / "model.py").read_text(encoding="utf-8").replace("# aotlens: Asks(8)", "# aotlens: Asks(20_000)")
    (tmp_path / "model.py").write_text(text.replace("torch.randn(2, 8)", "torch.randn(2, 20_000)"), encoding="utf-8")
    (trace,) = trace_json("model.py::Asks", "--partitioner", "eager", cwd=tmp_path)["traces"]
    assert trace["graphs"][0]["eager_on"] == "fake"
    assert [value["read_by"] for value in own(trace)] == [["ExpBackward0.result"]]


def test_a_call_that_fails_without_a_capture_has_its_map_and_says_so(eager: dict[str, dict[str, Any]]) -> None:
    trace = eager["Compiled"]
    finding, failed = trace["findings"]
    assert (finding["code"], failed["code"]) == ("partition-failed", "eager-step-failed")
    assert finding["message"].startswith("the call fails without a capture, so nothing is known of what is saved")
    assert finding["message"].endswith(": this is {compiled} only")
    assert trace["graphs"][0]["saved"] == [] and trace["graphs"][0]["inputs"]


def test_each_choice_is_compared(compared: dict[str, dict[str, Any]]) -> None:
    rows = compared["Repeated"]["graphs"][0]["compared"]
    assert [(row["partitioner"], row["memory_budget"]) for row in rows] == [
        ("eager", None),
        ("default", None),
        *(("min-cut", budget) for budget in (1.0, 0.75, 0.5, 0.25, 0.0)),
    ]
    assert [row["bytes"] for row in rows] == [3216, 3216, 16, 16, 16, 16, 0]
    assert [row["recomputed"] for row in rows] == [None, 0, 2, 2, 2, 2, 4]
    graph = compared["Repeated"]["graphs"][0]
    assert (graph["partitioner"], graph["memory_budget"]) == ("default", None)
    assert sum(value["bytes"] for value in own(compared["Repeated"])) == 3216
    assert compared["Compiled"]["graphs"][0]["compared"][0]["problem"] == "RuntimeError: this is {compiled} only"
    assert [finding["code"] for finding in compared["Compiled"]["findings"]] == ["eager-step-failed"]


def test_a_memory_budget_is_that_of_the_call_or_of_the_users_own_configuration(tmp_path: Path) -> None:
    given = traced("--memory-budget", "0")
    assert all(not own(trace) for trace in given.values())
    assert {trace["graphs"][0]["memory_budget"] for trace in given.values()} == {0.0}
    text = (FOLDER / "model.py").read_text(encoding="utf-8")
    configured = "import torch._functorch.config\n\ntorch._functorch.config.activation_memory_budget = 0.0\n"
    (tmp_path / "model.py").write_text(f"{text}\n{configured}", encoding="utf-8")
    (trace,) = trace_json("model.py::Views", cwd=tmp_path)["traces"]
    assert trace["graphs"][0]["memory_budget"] == 0.0 and not own(trace)
