"""Operands in words: what they are, where they come from, and which of them matter."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.findings.words import message, related
from aotlens.explain.operands import operand_table, operands_in_words
from aotlens.model.failure_findings import failure_finding
from aotlens_tracer.wire.failures import Failure
from aotlens_tracer.wire.operands import FailedLayer, FailedOperation, Operand
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.problems import Raised, ReadsData

X = Operand("x", "f32[4, 10]", "float32", (4, 10), "cpu", False, "argument", "x")
H = Operand("h", "f32[4, 10]", "float32", (4, 10), "cpu", True, "result", "x * 2", Span("m.py", 12, 9))
WEIGHT = Operand(
    "self.fc.weight",
    "f32[5, 20]",
    "float32",
    (5, 20),
    "cpu",
    True,
    "parameter",
    "fc.weight",
    Span("m.py", 7),
    "nn.Linear()",
)
BIAS = replace(WEIGHT, name="self.fc.bias", value="f32[5]", shape=(5,), origin="fc.bias")
LAYER = FailedLayer("fc", "Linear(in_features=20, out_features=5, bias=True)", Span("m.py", 7), "nn.Linear(20, 5)")
LINEAR = FailedOperation("torch.nn.functional.linear", (X, WEIGHT, BIAS), "self.fc(x)", Span("m.py", 13, 5), LAYER)


def test_an_operand_has_its_type_and_its_origin() -> None:
    assert operands_in_words(LINEAR, "m.py") == [
        "`x` is f32[4, 10]: an argument of the call",
        "`self.fc.weight` is f32[5, 20]: a parameter, made by `nn.Linear()`, line 7",
    ]


def test_a_place_in_another_file_is_named() -> None:
    assert operands_in_words(LINEAR, "other.py")[1].endswith("line 7 of m.py")


def test_a_bias_matters_if_it_differs() -> None:
    half = replace(BIAS, dtype="float16", value="f16[5]")
    words = operands_in_words(replace(LINEAR, operands=(X, WEIGHT, half)), "m.py")
    assert words[2].startswith("`self.fc.bias` is f16[5]")


def test_devices_are_shown_where_they_differ() -> None:
    words = operands_in_words(replace(LINEAR, operands=(replace(X, device="cuda:0"), WEIGHT)), "m.py")
    assert words[0] == "`x` is f32[4, 10] on cuda:0: an argument of the call"
    assert "f32[5, 20] on cpu" in words[1]


def test_a_layer_is_named_where_no_parameter_stands_for_it() -> None:
    assert operands_in_words(replace(LINEAR, operands=(X,)), "m.py")[-1] == (
        "the layer `fc` is `nn.Linear(20, 5)`, line 7"
    )


def test_the_culprit_stands_alone() -> None:
    blamed = replace(LINEAR, operands=(X, replace(WEIGHT, is_culprit=True)), layer=None)
    assert operands_in_words(blamed, "m.py") == [
        "the gradient is that of `self.fc.weight`, which is f32[5, 20]: a parameter, made by `nn.Linear()`, line 7"
    ]


def test_many_operands_are_counted() -> None:
    many = replace(LINEAR, operands=tuple(replace(X, name=f"x{n}", origin=f"x{n}") for n in range(7)), layer=None)
    words = operands_in_words(many, "m.py")
    assert len(words) == 5
    assert words[-1] == "and 3 more operands"


def test_a_value_between_layers_has_no_name() -> None:
    value = replace(H, name="", origin=None, span=None, layer="net.1")
    assert operands_in_words(replace(LINEAR, operands=(value, WEIGHT)), "m.py")[0] == (
        "an input is f32[4, 10]: the output of the layer `net.1`"
    )


def test_a_finding_has_the_operands_and_their_places() -> None:
    failure = Failure("forward", "error", Raised("RuntimeError", "no"), "m.py", 13, operation=LINEAR)
    finding = failure_finding(failure, "m.py", 3)
    assert message(finding).split("\n")[:2] == ["RuntimeError: no", "`x` is f32[4, 10]: an argument of the call"]
    assert related(finding) == [("`self.fc.weight`, f32[5, 20], is made here", Span("m.py", 7))]


def test_the_operands_of_a_branch_are_not_listed() -> None:
    failure = Failure("capture", "error", ReadsData("aten.item"), "m.py", 13, operation=LINEAR)
    assert "`x`" not in message(failure_finding(failure, "m.py", 3))


def test_the_table_has_all_operands() -> None:
    table = operand_table(LINEAR, lambda path: path)
    assert table is not None
    assert table.title == "Operands of linear in fc, nn.Linear(20, 5)"
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["x", "f32[4, 10]", "an argument of the call", "—"],
        ["self.fc.weight", "f32[5, 20]", "a parameter, made by `nn.Linear()`", "m.py:7"],
        ["self.fc.bias", "f32[5]", "a parameter, made by `nn.Linear()`", "m.py:7"],
    ]
    assert operand_table(replace(LINEAR, operands=()), lambda path: path) is None
