"""Traces have the values of the call, also if it fails or reads data, and the state of the module."""

from __future__ import annotations

from typing import Any

import pytest

from aotlens_tracer.steps.trace import trace
from aotlens_tracer.wire.protocol import ExampleSource, TraceParams
from support import CORPUS, trace_json

PATH = CORPUS / "values" / "traced.py"


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    traces = trace_json(str(PATH), "--show-output")["traces"]
    return {each["target"]["qualname"]: each for each in traces}


def seen(trace: dict[str, Any], line: int, role: str = "target") -> list[list[int | None]]:
    """The shapes of what is recorded on a line."""
    values = trace["values"]
    (file,) = values["files"]
    found = [each for each in file["recorded"] if each["line"] == line and each["role"] == role]
    return [values["values"][each["seen"][0]["value"]]["shape"] for each in found]


def test_a_call_that_fails_has_the_values_before_the_failure(traces: dict[str, Any]) -> None:
    failing = traces["Fails"]
    assert failing["status"] == "failed"
    assert (seen(failing, 34), seen(failing, 35), seen(failing, 36)) == ([[2, 8]], [[2, 6]], [])
    failed = failing["values"]["failed"]
    assert (failed["line"], failed["column"], failed["end_column"]) == (36, 13, 18)
    assert failing["values"]["weights"] == "fake"
    assert failing["values"]["files"][0]["skipped"] == [{"line": 33, "end_line": 33}]


def test_lines_after_a_failure_are_not_said_to_be_skipped(traces: dict[str, Any]) -> None:
    assert [each["line"] for each in traces["Around"]["values"]["files"][0]["skipped"]] == [15, 33]


def test_the_state_is_known_of_a_call_that_fails(traces: dict[str, Any]) -> None:
    state = {each["name"]: each for each in traces["Fails"]["state"]}
    assert list(state) == ["tied", "up.bias", "gate.weight", "gate.bias", "scale"]
    assert state["tied"]["other_names"] == ["up.weight"]
    assert (state["gate.weight"]["shape"], state["gate.weight"]["definition"]["line"]) == ([6, 4], 27)
    assert (state["scale"]["kind"], state["scale"]["dtype"]) == ("buffer", "float64")


def test_a_call_that_reads_data_is_made_on_real_tensors(traces: dict[str, Any]) -> None:
    assert traces["Reads"]["values"]["weights"] == "real"
    assert seen(traces["Reads"], 44) == [[8]]


def test_a_call_that_changes_its_module_is_recorded_apart(traces: dict[str, Any]) -> None:
    steps = traces["Steps"]
    assert steps["status"] == "traced"
    assert seen(steps, 62) == [[40, 4]]


def test_values_past_a_limit_are_counted(traces: dict[str, Any]) -> None:
    (appended,) = [
        each
        for each in traces["Steps"]["values"]["files"][0]["recorded"]
        if (each["line"], each["column"]) == (61, 13) and each["end_column"] == 17
    ]
    assert (len(appended["seen"]), appended["more"]) == (24, 15)


@pytest.mark.parametrize("name", ["Fails", "Steps"])
def test_a_trace_that_cannot_fork_records_at_its_end(name: str) -> None:
    source = ExampleSource(f"{name}()(torch.randn(2, 4))", "option")
    map = trace(TraceParams(str(PATH), name, (source,), eager=False), lambda event: None)
    assert map["values"] is not None
    assert (map["values"]["failed"] is None) == (name == "Steps")
