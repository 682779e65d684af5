"""Reasons why a graph's signature differs from the call's: each module states which lines change an input in place."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aotlens.syntax.definitions import definitions
from support import CORPUS, trace_json

FOLDER = CORPUS / "signature"
SOURCE = (FOLDER / "model.py").read_text(encoding="utf-8")
CLASSES = re.findall(r"^# aotlens: .*\nclass (\w+)", SOURCE, re.MULTILINE)


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("model.py", cwd=FOLDER)["traces"]}


def _marks(name: str) -> dict[str, list[int]]:
    """The lines that change an input in place, by input."""
    found: dict[str, list[int]] = {}
    (definition,) = [known for known in definitions(SOURCE) if known.qualname == name]
    for number, line in enumerate(SOURCE.split("\n"), 1):
        if definition.line <= number <= definition.end_line and (mark := re.search(r"  # changes (.+)$", line)):
            for changed in mark[1].split():
                found.setdefault(changed, []).append(number)
    return found


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "Transposed"])
def test_which_lines_change_an_input(traces: dict[str, dict[str, Any]], name: str) -> None:
    assert traces[name]["status"] == "traced", traces[name]["failure"]
    (graph,) = traces[name]["graphs"]
    changed = {slot["label"]: slot for slot in graph["inputs"] if slot["mutation"] is not None}
    assert {label: [place["line"] for place in slot["changed_at"]] for label, slot in changed.items()} == _marks(name)


def _reasons(trace: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["change"], each["text"]) for each in trace["graphs"][0]["signature"]]


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("Plain", []),
        (
            "Methods",
            [
                ("+1 output", "the buffer `seen` is changed in place"),
                ("+1 output", "`x` is changed in place"),
            ],
        ),
        ("Counts", [("+3 outputs", "the buffers `norm.{running_mean,running_var,num_batches_tracked}` are changed")]),
        (
            "Overlapping",
            [
                ("−1 input", "`a` and `b` share memory that is written to: one input, `base(a)`, stands for both"),
                ("+1 output", "`base(a)` is changed in place"),
            ],
        ),
        (
            "SameTwice",
            [("−1 input", "`b` is the same tensor as `a`, which is changed"), ("+1 output", "`a` is changed in place")],
        ),
        ("OneBase", [("+1 output", "`output[0]` and `output[1]` are views of one tensor: the graph returns that too")]),
        ("OneAndItsView", [("", "`output[1]` is a view of `output[0]`")]),
        ("GivenBack", [("", "`output[0]` is a view of `x`"), ("", "`output[1]` is `x` itself")]),
        ("Transposed", [("+1 output", "the shape or strides of `x` are changed in place")]),
    ],
)
def test_reasons(traces: dict[str, dict[str, Any]], name: str, reasons: list[tuple[str, str]]) -> None:
    """In signs and words; the signs add up to what the graph takes and returns beyond the call."""
    found = _reasons(traces[name])
    assert [change for change, _ in found] == [change for change, _ in reasons]
    assert all(text.startswith(start) for (_, text), (_, start) in zip(found, reasons)), found
    (graph,) = traces[name]["graphs"]
    plain = [slot for slot in graph["outputs"] if slot["kind"] == "PlainAOTOutput"]
    rest = [slot for slot in graph["outputs"] if slot["kind"] not in ("GradAOTOutput", "PlainAOTOutput", None)]
    more = sum(int(change.split()[0]) for change, _ in found if change.endswith(("output", "outputs")))
    assert more == len(rest) and plain


@pytest.mark.parametrize(
    ("name", "code", "severity", "words", "lines"),
    [
        ("Overlapping", "aliased-inputs", "information", "a and b share memory that is changed in place", ["a.mul_"]),
        ("OneBase", "aliased-outputs", "hint", "output[0] and output[1] are views of one tensor", ["y[0]"]),
        ("Methods", "input-mutation", "information", "the argument x is changed in place", ["x.add_", "first.mul_"]),
        ("Inside", "buffer-mutation", "hint", "the buffer seen is changed in place", ["self.seen.lerp_"]),
    ],
)
def test_findings(
    traces: dict[str, dict[str, Any]], name: str, code: str, severity: str, words: str, lines: list[str]
) -> None:
    (finding,) = [finding for finding in traces[name]["findings"] if finding["code"] == code]
    assert finding["severity"] == severity and finding["message"].startswith(words)
    places = [finding["line"], *(place["line"] for place in finding["related"])]
    texts = SOURCE.split("\n")
    assert len(places) == len(lines) and all(text in texts[line - 1] for line, text in zip(places, lines))


def test_what_a_batch_norm_of_torch_counts_is_no_finding(traces: dict[str, dict[str, Any]]) -> None:
    assert {finding["code"] for finding in traces["Counts"]["findings"]} == set()
