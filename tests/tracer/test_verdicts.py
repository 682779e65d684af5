"""Reasons for missing gradients: each module of the corpus states the cause and its line."""

from __future__ import annotations

import re
from typing import Any

import pytest

from marks import marks_in
from support import CORPUS, trace_json

from .real_gradients import missing_and_zero, pins

FOLDER = CORPUS / "verdicts"
SOURCE = (FOLDER / "model.py").read_text(encoding="utf-8")
_MARK = re.compile(r"  # ((?:[\w.]+ )*[\w.]+): (.+)$")


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("model.py", cwd=FOLDER)["traces"]}


MARKS = marks_in(SOURCE, _MARK)
MARKS["Layers"] = MARKS.pop("Gate")
CLASSES = re.findall(r"^# aotlens: .*\n(?:class|def) (\w+)", SOURCE, re.MULTILINE)


def test_there_are_enough_causes() -> None:
    assert len(CLASSES) >= 25


@pytest.mark.parametrize("name", CLASSES)
def test_verdict(traces: dict[str, dict[str, Any]], name: str) -> None:
    trace = traces[name]
    assert trace["status"] == "traced", trace["failure"]
    codes = ("parameter-without-gradient", "argument-without-gradient", "gradient-outside-graph")
    findings = {finding["name"]: finding for finding in trace["findings"] if finding["code"] in codes}
    assert findings.keys() == MARKS[name].keys()
    for parameter, expected in MARKS[name].items():
        message = findings[parameter]["message"]
        is_outside = findings[parameter]["code"] == "gradient-outside-graph"
        beginning = f"the gradient of {parameter} does not pass through the graph: "
        assert message.startswith(beginning if is_outside else f"{parameter} gets no gradient: ")
        assert is_outside == ("is the same tensor or a view of it" in message)
        assert all(words in message for _, words in expected), message
        lines = [line for line, _ in expected if not SOURCE.split("\n")[line - 1].startswith(("class ", "def "))]
        assert [place["line"] for place in findings[parameter]["related"]] == lines


PINS = {name: pin for name, pin in pins(FOLDER / "model.py").items() if pin.startswith(f"{name}()(")}
RETURNED = "is the same tensor"
"""The gradient of what is itself returned comes to it outside of the graph."""


@pytest.mark.parametrize("name", PINS)
def test_eager_on_real_tensors_agrees(name: str) -> None:
    expected = {each for each, marks in MARKS[name].items() if not any(RETURNED in words for _, words in marks)}
    missing, _ = missing_and_zero(FOLDER / "model.py", PINS[name])
    assert missing == expected


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("OnlyIndices", "warning"),
        ("NothingNeedsAGradient", "hint"),
        ("ReturnedAsView", "information"),
        ("ArgumentForIndices", "information"),
    ],
)
def test_severity(traces: dict[str, dict[str, Any]], name: str, severity: str) -> None:
    """Nothing that the user may intend is a warning."""
    assert {finding["severity"] for finding in traces[name]["findings"]} == {severity}
