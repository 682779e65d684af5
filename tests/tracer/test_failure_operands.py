"""Failures of calls: the operation's line, its operands with their origins, eager's own text, and the hint."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest

from aotlens.model.failure_findings import FAILURE_CODES
from expectations import Expectation, is_updating, read, write
from support import CORPUS, trace_json

FOLDER = CORPUS / "failures"
HEAD = re.compile(r"\w+")
EXPECTED = read(FOLDER / "expected.md", HEAD)


@functools.cache
def _traces(file: str) -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json(file, cwd=FOLDER)["traces"]}


def _in_words(trace: dict[str, Any]) -> str:
    """A failure as a reader of the editor's problems sees it, with its place and the places that explain it."""
    failure = trace["failure"]
    finding = next(item for item in trace["findings"] if item["code"] in FAILURE_CODES)
    lines = [f"{failure['line']}:{failure['column']} {failure['stage']}", *finding["message"].split("\n")]
    lines += [f"related {place['line']}: {place['message']}" for place in finding["related"]]
    return "\n".join([*lines, f"hint: {failure['hint']}"])


def test_there_are_enough_failures() -> None:
    assert len(EXPECTED) >= 30


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.head)
def test_failure(expected: Expectation) -> None:
    trace = _traces(expected.source)[expected.head]
    assert trace["status"] == "failed"
    line = trace["failure"]["line"]
    assert (FOLDER / expected.source).read_text(encoding="utf-8").split("\n")[line - 1].endswith("  # fails")
    answer = _in_words(trace)
    if is_updating():
        write(FOLDER / "expected.md", HEAD, Expectation(expected.source, expected.head, answer))
    else:
        assert answer == expected.text


@pytest.mark.parametrize("name", ["Masked", "Unique", "Repeated", "Counted"])
def test_sizes_that_depend_on_data_are_captured(name: str) -> None:
    assert _traces("captures.py")[name]["status"] == "traced"


def test_operands_are_data_too() -> None:
    operation = _traces("shapes.py")["Matmul"]["failure"]["operation"]
    assert operation["name"] == "torch.nn.functional.linear"
    assert operation["code"] == "self.fc2(h)"
    assert operation["layer"]["name"] == "fc2"
    given, weight, bias = operation["operands"]
    assert (given["name"], given["role"], given["origin"], given["span"]["line"]) == (
        "h",
        "result",
        "self.fc1(x).relu()",
        16,
    )
    assert (given["shape"], given["dtype"], given["device"]) == ([4, 10], "float32", "cpu")
    assert given["requires_grad"] is True
    assert (weight["name"], weight["role"], weight["origin"]) == ("self.fc2.weight", "parameter", "fc2.weight")
    assert (weight["made_by"], weight["span"]["line"]) == ("nn.Linear(20, 5)", 13)
    assert bias["shape"] == [5]


REFUSED = {
    "BN": "mixed dtype (CPU)",
    "GN": "mixed dtype (CPU)",
    "LN": "mixed dtype (CPU)",
    "Eval": "mixed dtype (CPU)",
    "MHA": "mat1 and mat2 must have the same dtype",
    "Put": "Index put requires the source and destination dtypes match",
    "Grid": "expected scalar type Float but found Double",
    "NLL": "expected target dtype to be Long or Byte, but got Int",
    "IntLin": "mat1 and mat2 must have the same dtype, but got Long and Float",
    "Add": "must have the same scalar type",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_real_tensors_refuse_is_a_failure(name: str) -> None:
    failure = _traces("types_on_real_tensors.py")[name]["failure"]
    assert failure["stage"] == "forward"
    assert REFUSED[name] in failure["message"]
    given = {operand["name"]: operand["dtype"] for operand in failure["operation"]["operands"]}
    assert len({dtype for name, dtype in given.items() if not name.startswith("torch.")}) == 2


def test_a_failure_inside_of_another_package_names_the_operands_there() -> None:
    pytest.importorskip("transformers")
    failure = _traces("packages.py")["Narrowed"]["failure"]
    first = re.sub(r"line \d+ of", "line N of", failure["message"].split("\n")[0])
    assert first == (
        "`self.act_fn(self.gate_proj(x)) * self.up_proj(x)`, line N of modeling_llama.py: "
        "self.act_fn(self.gate_proj(x)) is f32[2, 16, 96] (96: `self.gate_proj`, line 14), "
        "self.up_proj(x) is f32[2, 16, 128] (128: `self.up_proj`, line N of modeling_llama.py)"
    )
    assert failure["operation"]["code"] == "self.model(ids)"
