"""Gradients that are always zero: what is said of the corpus, and what eager gives on real tensors."""

from __future__ import annotations

import re
from typing import Any

import pytest

from marks import marks_in
from support import CORPUS, trace_json

from .real_gradients import missing_and_zero, pins

FOLDER = CORPUS / "zeros"
SOURCE = (FOLDER / "model.py").read_text(encoding="utf-8")
CODE = "gradient-always-zero"
_MARK = re.compile(r"  # ((?:[\w.]+ )*[\w.]+): (.+?)(?: # noqa.*)?$")
PINNED = pins(FOLDER / "model.py")


MARKS = marks_in(SOURCE, _MARK)


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("model.py", cwd=FOLDER)["traces"]}


def _claimed(trace: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in trace["findings"] if finding["code"] == CODE}


@pytest.mark.parametrize("name", PINNED)
def test_the_cause(traces: dict[str, dict[str, Any]], name: str) -> None:
    trace = traces[name]
    assert trace["status"] == "traced", trace["failure"]
    found = _claimed(trace)
    assert found.keys() == MARKS[name].keys()
    for parameter, expected in MARKS[name].items():
        message = found[parameter]["message"]
        assert message.startswith(f"{parameter} always gets a gradient of zero: ")
        assert all(words in message for _, words in expected), message
        lines = [line for line, _ in expected if not SOURCE.split("\n")[line - 1].startswith("class ")]
        assert not lines or [place["line"] for place in found[parameter]["related"]] == lines


@pytest.mark.parametrize("name", PINNED)
def test_eager_gives_zeros_exactly_where_it_is_said(name: str) -> None:
    said = set(MARKS[name])
    _, zero = missing_and_zero(FOLDER / "model.py", PINNED[name])
    assert zero == said


@pytest.mark.parametrize(
    "files",
    [
        "verdicts/*.py",
        "truth/vit.py",
        pytest.param("truth/*.py", marks=pytest.mark.proof),
        "prices/model.py",
        pytest.param("prices/*.py", marks=pytest.mark.proof),
        "saved/held.py",
        pytest.param("saved/*.py", marks=pytest.mark.proof),
    ],
)
def test_nothing_false_is_said_of_other_modules(files: str) -> None:
    """Modules of other tests, whose authors did not think of zero gradients."""
    checked = 0
    for file in sorted(CORPUS.glob(files)):
        pinned = pins(file)
        if not pinned:
            continue
        for trace in trace_json(file.name, cwd=file.parent)["traces"]:
            name = trace["target"]["qualname"]
            claimed = _claimed(trace).keys()
            if name in pinned and trace["status"] == "traced":
                checked += 1
                assert not claimed or claimed <= missing_and_zero(file, pinned[name])[1], name
    assert checked or files == "truth/vit.py"  # its package may be missing


@pytest.mark.parametrize(
    ("name", "severity"), [("Rounded", "warning"), ("TimesZero", "hint"), ("Argument", "information")]
)
def test_severity(traces: dict[str, dict[str, Any]], name: str, severity: str) -> None:
    assert {finding["severity"] for finding in traces[name]["findings"] if finding["code"] == CODE} == {severity}
