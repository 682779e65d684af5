"""In-place errors name what needs the value and every statement that changes it, and harmless changes are no errors."""

from __future__ import annotations

import functools
import re
import types
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch

from aotlens.features.fixes.out_of_place import out_of_place
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.failures import Failure
from aotlens_tracer.wire.places import Expression, Span
from aotlens_tracer.wire.problems import Overwritten, Raised
from support import CORPUS, trace_json

FOLDER = CORPUS / "inplace"
_CLASS = re.compile(r"^class (\w+)")


@functools.cache
def traces(file: str) -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json(file, cwd=FOLDER)["traces"]}


def marked(file: str) -> dict[str, dict[str, list[int]]]:
    """Return the marked lines of each pinned class of a file, those of a function or class above it included."""
    found: dict[str, dict[str, list[int]]] = {}
    waiting: dict[str, list[int]] = {}
    name, is_target, above = "", False, ""
    for number, line in enumerate((FOLDER / file).read_text().splitlines(), 1):
        if line.startswith(("class ", "def ")):
            match = _CLASS.match(line)
            is_target = above.startswith("# aotlens:")
            if is_target and match is not None:
                name = match[1]
                found[name], waiting = waiting, {}
        for word in re.findall(r"\b(needed|changed|checkpointed)\b", line.partition("  # ")[2]):
            (found[name] if is_target else waiting).setdefault(word, []).append(number)
        above = line
    return found


@pytest.mark.parametrize("qualname", sorted(marked("hostile.py")))
def test_an_in_place_error_names_both_places(qualname: str) -> None:
    trace, lines = traces("hostile.py")[qualname], marked("hostile.py")[qualname]
    assert trace["status"] == "failed"
    (finding,) = [each for each in trace["findings"] if each["code"] == "trace-failed"]
    places = {role: [p["span"]["line"] for p in finding["places"] if p["role"] == role] for role in ("need", "change")}
    assert places["need"] == lines["needed"]
    assert [finding["line"], *places["change"]] == lines["changed"]
    assert trace["failure"]["line"] == finding["line"]


def test_the_set_is_large_enough() -> None:
    assert len(marked("hostile.py")) >= 20


def test_an_error_of_the_training_steps_names_both_places() -> None:
    trace, lines = traces("of_the_run.py")["Foreach"], marked("of_the_run.py")["Foreach"]
    assert trace["status"] == "traced"
    error = trace["eager_run"]["error"]
    assert [error["line"]] == lines["changed"]
    assert f"overwrites a value that the derivative of `h * h` on line {lines['needed'][0]} needs" in error["message"]


DIFFERS = {
    "Counted": "`checkpoint(self.body, x, use_reentrant=False)` does not compute again what it has saved: 5 tensors in "
    "forward, 2 when it is computed again (`self.runs` is 0 first, then 1)\n",
    "Stack": "`checkpoint(block, x, use_reentrant=False)` does not compute again what it has saved: position 2: "
    "f32[2, 4] saved, f32[2, 2] recomputed (`blocks.1.seen` has 0 items first, then 1)\n",
}


@pytest.mark.parametrize("name", DIFFERS)
def test_a_checkpoint_that_computes_other_values_is_named_with_what_differs(name: str) -> None:
    trace = traces("of_the_run.py")[name]
    (finding,) = [each for each in trace["findings"] if each["code"] == "eager-step-failed"]
    assert [finding["line"]] == marked("of_the_run.py")[name]["checkpointed"]
    assert finding["column"] == trace["eager_run"]["error"]["column"] > 12
    assert DIFFERS[name] in finding["message"]
    assert "Tip:" not in finding["message"]


def test_a_checkpoint_whose_capture_fails_too_is_the_users_error() -> None:
    trace = traces("of_the_run.py")["Growing"]
    assert trace["status"] == "failed"
    (finding,) = [each for each in trace["findings"] if each["code"] == "trace-failed"]
    assert [finding["line"]] == marked("of_the_run.py")["Growing"]["checkpointed"]
    assert "f32[2, 4] saved, f32[4, 4] recomputed (`self.runs` is 0 first, then 1)" in finding["message"]
    assert "saved metadata: {'shape': torch.Size([2, 4])" in finding["message"]


def test_a_checkpoint_that_computes_the_same_again_is_no_error() -> None:
    assert traces("of_the_run.py")["Steady"]["eager_run"]["error"] is None


MENDED = ("InPlaceActivation", "Dropout", "Masked", "IndexPut", "Scatter", "Nested", "AfterCheckpoint")
"""Classes with one statement that overwrites, which the quick fix can rewrite."""


@pytest.mark.parametrize("qualname", MENDED)
def test_the_quick_fix_computes_a_new_value_and_backward_works(qualname: str) -> None:
    path = str(FOLDER / "hostile.py")
    (finding,) = [each for each in traces("hostile.py")[qualname]["findings"] if each["code"] == "trace-failed"]
    failure = Failure(
        "forward",
        "error",
        Overwritten(
            Raised("RuntimeError", ""), None, (Expression("", Span(path, finding["line"], finding["column"])),)
        ),
    )
    text = (FOLDER / "hostile.py").read_text(encoding="utf-8")
    document = Document(Path(path).as_uri(), path, 1, text)
    state = TargetState(TargetKey(path, qualname), "failed", None, MappingProxyType({path: 1}), failure=failure)
    snapshot = Snapshot(MappingProxyType({path: document}), MappingProxyType({state.key: state}))
    (action,) = out_of_place(snapshot, document, Span(path, finding["line"], 1))
    (edit,) = action.edits
    assert edit.span.column is not None and edit.span.end_column is not None
    rows = text.splitlines()
    row = rows[edit.span.line - 1]
    rows[edit.span.line - 1] = row[: edit.span.column - 1] + edit.text + row[edit.span.end_column - 1 :]
    module = types.ModuleType("mended")
    exec(compile("\n".join(rows), "<mended>", "exec"), vars(module))
    getattr(module, qualname)(4)(torch.randn(3, 4, requires_grad=True)).sum().backward()


def test_harmless_changes_are_no_errors() -> None:
    statuses = {name: trace["status"] for name, trace in traces("harmless.py").items() if name != "Base"}
    assert set(statuses.values()) == {"traced"}
    assert len(statuses) >= 7
