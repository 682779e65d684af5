"""Dynamic dimensions that become constants: each with its line, as a real run of torch.compile treats them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import CORPUS, trace_json

FILE = CORPUS / "recompiled" / "sizes.py"
SOURCE = FILE.read_text(encoding="utf-8").split("\n")
FOUND = {
    "Free": [],
    "Compared": [("x.size(0)", 10, "refused", "if x.shape[0] == 10:")],
    "ComparedWeakly": [("x.size(0)", 10, "marked", "if x.shape[0] == 10:")],
    "Asserted": [("x.size(0)", 8, "marked", "assert x.shape[0] == 8")],
    "Added": [("x.size(0)", 6, "marked", "return self.lin(x) + torch.ones(6, 4)")],
    "Listed": [("x.size(0)", 6, "marked", "parts = [0] * x.shape[0]")],
    "Layer": [("x.size(1)", 4, "marked", "return self.lin(x)")],
    "One": [("x.size(0)", 1, "zero-or-one", "class One(Base):")],
    "All": [],
}
OUTCOMES = {"refused": ("refused",), "marked": ("anew", "fails"), "zero-or-one": ("anew",)}


@pytest.fixture(scope="module")
def traces() -> dict[str, Any]:
    found = trace_json("sizes.py", "--convention", "compile", "--no-eager", cwd=FILE.parent)["traces"]
    return {trace["target"]["qualname"]: trace for trace in found}


@pytest.fixture(scope="module")
def real() -> dict[str, str]:
    script = Path(__file__).with_name("real_sizes.py")
    done = subprocess.run([sys.executable, str(script), str(FILE)], capture_output=True, encoding="utf-8", check=False)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("OUTCOMES"))
    return json.loads(line.removeprefix("OUTCOMES"))


def _found(trace: dict[str, Any]) -> list[tuple[str, int, str, str]]:
    findings = [finding for finding in trace["findings"] if finding["code"] == "dimension-specialized"]
    return [
        (item["subjects"][0]["name"], item["reason"]["size"], item["reason"]["by"], SOURCE[item["line"] - 1].strip())
        for item in findings
    ]


@pytest.mark.parametrize("name", FOUND)
def test_a_dimension_that_becomes_a_constant_is_found_at_its_line(traces: dict[str, Any], name: str) -> None:
    assert traces[name]["status"] == "traced", traces[name]["failure"]
    assert _found(traces[name]) == FOUND[name]


@pytest.mark.parametrize("name", [name for name in FOUND if name not in ("All", "Layer")])
def test_torch_does_what_is_said(real: dict[str, str], name: str) -> None:
    wanted = OUTCOMES[FOUND[name][0][2]] if FOUND[name] else ("same",)
    assert real[name] in wanted


def test_sizes_of_parameters_are_no_finding_where_everything_is_dynamic() -> None:
    (trace,) = trace_json("sizes.py::All", "--convention", "compile", "--dynamic", "--no-eager", cwd=FILE.parent)[
        "traces"
    ]
    assert _found(trace) == [("x.size(0)", 10, "all", "if x.shape[0] == 10:")]
