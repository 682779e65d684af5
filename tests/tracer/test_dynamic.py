"""Sizes that may change: symbols, names, marks that cannot hold, each against what plain torch makes of the same call.

The script is tests/corpus/dynamic/plain.py; it shares no code with aotlens.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from support import CORPUS, trace_json

FILE = CORPUS / "dynamic" / "sizes.py"
SOURCE = FILE.read_text(encoding="utf-8").split("\n")
NAMES = {
    "Plain": {"s77": None},
    "Named": {"s77": "batch", "s27": "time"},
    "Nested": {"s31": None},
    "Two": {"s15": "batch", "s77": "batch"},
    "Flat": {"s15": "rows", "s27": "columns"},
    "InCode": {"s77": "B"},
    "ByData": {"u0": None},
    "Unbacked": {"u0": None},
    "Unmarked": {},
}
REFUSED = {
    "Fixed": "return self.fc(x) + torch.ones(6, 8)",
    "FixedInCode": "assert x.shape[0] == 6",
    "FixedTwo": "return self.fc(x) + self.position",
    "Fewer": "if x.shape[0] < 32:",
    "Image": "return self.second(self.first(x)).mean((2, 3))",
    "Even": "return self.fc(x).view(-1, 2, 8)",
}
TAKEN = ("Plain", "Named", "Nested", "Two", "Flat", "Jagged", "InCode", "Unbacked", "Unmarked", "Weak", "Loose", "One")
WRONG = {
    "NoSuchName": ("the call has no tensor of this name; it has x", "y: dynamic(0)"),
    "NoSuchDimension": ("this tensor has 2 dimensions", "x: dynamic(2)"),
    "NoTensor": ("only the sizes of a tensor can change", "k: dynamic(0)"),
    "Outside": ("the size in the example is 6, outside these bounds", "x: dynamic(0, min=8)"),
}


def traced(*options: str) -> dict[str, Any]:
    answer = trace_json(FILE.name, "--no-eager", *options, cwd=FILE.parent)
    return {trace["target"]["qualname"]: trace for trace in answer["traces"]}


@pytest.fixture(scope="module")
def traces() -> dict[str, Any]:
    return traced()


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    return traced("--convention", "compile")


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    command = [sys.executable, str(FILE.with_name("plain.py")), str(FILE)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.removeprefix("ANSWER") for line in done.stdout.splitlines() if line.startswith("ANSWER")]
    return {answer.pop("name"): answer for answer in map(json.loads, lines)}


def text_of(slot: dict[str, Any], symbols: list[dict[str, Any]]) -> list[Any]:
    """Descriptor and shape of a slot, with torch's names of the sizes: the way back from the user's names."""
    back = {symbol["name"]: symbol["symbol"] for symbol in symbols if symbol["name"] is not None}

    def torchs(text: Any) -> Any:
        return re.sub(r"\w+", lambda match: back.get(match[0], match[0]), text) if isinstance(text, str) else text

    number = slot.get("symbol")
    shape = torchs(number) if number is not None else slot["shape"] and [torchs(size) for size in slot["shape"]]
    return [slot["descriptor"], slot["expression"], shape]


@pytest.mark.parametrize("name", [*TAKEN, *REFUSED, "ByData"])
def test_descriptors_and_shapes_are_those_of_plain_torch(
    traces: dict[str, Any], real: dict[str, Any], name: str
) -> None:
    (graph,) = traces[name]["graphs"]
    for side in ("inputs", "outputs"):
        own = [text_of(slot, graph["symbols"]) for slot in graph[side]]
        assert [each[:2] for each in own] == [each[:2] for each in real[name][side]]
        if len({symbol["name"] for symbol in graph["symbols"]}) == len(graph["symbols"]):
            assert own == real[name][side]


@pytest.mark.parametrize("name", NAMES)
def test_each_symbol_has_the_name_that_the_user_gives_it(traces: dict[str, Any], name: str) -> None:
    (graph,) = traces[name]["graphs"]
    assert {symbol["symbol"]: symbol["name"] for symbol in graph["symbols"]} == NAMES[name]


def test_a_symbol_has_its_sizes_its_value_its_bounds_and_its_place(traces: dict[str, Any]) -> None:
    batch, time = traces["Named"]["graphs"][0]["symbols"]
    assert batch["sources"] == ["x.size(0)"] and batch["hint"] == 6
    assert (batch["minimum"], batch["maximum"], time["maximum"]) == (2, 64, None)
    place = batch["definition"]
    assert SOURCE[place["line"] - 1][place["column"] - 1 :].startswith('x: dynamic(0, name="batch"')
    (nested,) = traces["Nested"]["graphs"][0]["symbols"]
    assert nested["sources"] == ["batch['ids'].size(0)", "mask.size(0)"]
    (data,) = traces["Data"]["graphs"][0]["symbols"]
    assert data["sources"] == ["batch.ids.size(0)", "batch.mask.size(0)"]
    (by_data,) = traces["ByData"]["graphs"][0]["symbols"]
    assert (by_data["is_backed"], by_data["hint"], by_data["sources"]) == (False, None, [])
    assert "x[x.sum(1) > 0]" in SOURCE[by_data["definition"]["line"] - 1]
    (in_code,) = traces["InCode"]["graphs"][0]["symbols"]
    assert SOURCE[in_code["definition"]["line"] - 1].endswith("# the mark")


def test_sizes_and_strides_of_subclasses_have_the_names_too(traces: dict[str, Any]) -> None:
    (graph,) = traces["Flat"]["graphs"]
    numbers = {slot["label"]: slot["symbol"] for slot in graph["inputs"] if slot["symbol"] is not None}
    assert numbers == {"x.size(0)": "rows", "x.size(1)": "columns", "x.stride(0)": "columns"}
    assert graph["outputs"][0]["shape"] == ["rows*columns"]
    assert [slot["symbol"] for slot in graph["outputs"] if slot["label"] == "output.size(0)"] == ["rows*columns"]


@pytest.mark.parametrize("name", [*TAKEN, *REFUSED])
@pytest.mark.parametrize("convention", ["export", "compile"])
def test_what_torch_compile_refuses_is_an_error_at_its_line(
    traces: dict[str, Any], compiled: dict[str, Any], real: dict[str, Any], name: str, convention: str
) -> None:
    trace = (traces if convention == "export" else compiled)[name]
    found = [one for one in trace["findings"] if one["code"] == "dimension-specialized" and one["severity"] == "error"]
    assert (real[name]["refused"] is not None) is bool(found) is (name in REFUSED)
    for one in found:
        assert one["name"] == ("x.size(2)" if name == "Image" else "x.size(0)")
        assert SOURCE[one["line"] - 1].strip() == REFUSED[name]
        assert not real[name]["lines"] or one["line"] in real[name]["lines"]
        assert [each["message"] for each in one["related"]] == ["it is marked dynamic here"]


def test_bounds_that_the_code_does_not_take_are_said_with_its_condition(traces: dict[str, Any]) -> None:
    (fewer,) = (each["reason"] for each in traces["Fewer"]["findings"])
    assert (fewer["given_minimum"], fewer["given_maximum"], fewer["minimum"], fewer["maximum"]) == (2, 64, 2, 31)
    assert fewer["condition"] == "x.size(0) < 32"
    (image,) = (each["reason"] for each in traces["Image"]["findings"])
    assert (image["given_minimum"], image["given_maximum"], image["minimum"], image["maximum"]) == (0, 512, 5, 512)
    (even,) = (each["reason"] for each in traces["Even"]["findings"])
    assert even["condition"] == "((8*x.size(0)) % 16) == 0"


def test_a_size_without_a_mark_is_not_blamed(traces: dict[str, Any], compiled: dict[str, Any]) -> None:
    assert traces["Unmarked"]["findings"] == compiled["Unmarked"]["findings"] == []


def test_a_weak_mark_that_does_not_hold_is_a_warning_and_one_is_always_a_constant(traces: dict[str, Any]) -> None:
    (weak,) = traces["Weak"]["findings"]
    assert (weak["severity"], weak["reason"]["by"]) == ("warning", "marked")
    (one,) = traces["One"]["findings"]
    assert one["reason"] == {"kind": "SpecializedDimension", "size": 1, "by": "zero-or-one"}


def test_a_mark_that_fake_tensors_lose_is_kept_on_real_ones(traces: dict[str, Any]) -> None:
    example = traces["Unbacked"]["example"]
    assert (example["weights"], "mark_unbacked" in example["weights_reason"]) == ("real", True)
    (symbol,) = traces["Unbacked"]["graphs"][0]["symbols"]
    assert (symbol["sources"], symbol["is_backed"], symbol["hint"]) == (["x.size(0)"], False, None)


def test_a_mark_within_the_call_has_advice(compiled: dict[str, Any]) -> None:
    assert "before the call" in compiled["MarkedInside"]["failure"]["hint"]


def test_marks_without_effect_are_said(traces: dict[str, Any]) -> None:
    (direct,) = (each for each in traces["Printed"]["findings"] if each["code"] == "dimension-specialized")
    assert direct["reason"] == {"kind": "SpecializedDimension", "size": 6, "by": "direct"}
    assert SOURCE[direct["line"] - 1][direct["column"] - 1 :] == "x: dynamic(0)"


@pytest.mark.parametrize("name", WRONG)
def test_an_option_that_does_not_fit_the_call_is_an_error_in_the_pin(traces: dict[str, Any], name: str) -> None:
    failure, (why, option) = traces[name]["failure"], WRONG[name]
    assert failure["message"] == f"{why}: {option}"
    assert SOURCE[failure["line"] - 1][failure["column"] - 1 :] == option
