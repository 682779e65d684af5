"""torchao's layers in both conventions: pieces, types, gradients and birthplaces, beside eager's own."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
import torch

from support import CORPUS, trace_json

FOLDER = CORPUS / "subclasses"

TYPES = {
    "Int8": ("Int8Tensor", {"mlp.up.weight", "mlp.down.weight"}),
    "Int8Dynamic": ("Int8Tensor", {"mlp.up.weight", "mlp.down.weight"}),
    "Float8": ("Float8Tensor", {"mlp.up.weight", "mlp.down.weight"}),
    "Float8Training": (None, set()),
    "Qat": (None, set()),
    "Lora": ("NF4Tensor", {"frozen"}),
}
"""The class of the subclasses, and the parameters of that class."""
CONVERTED = ("Int8", "Int8Dynamic", "Float8", "Float8Training", "Qat")


@pytest.fixture(scope="module")
def module() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        import quantized as module  # type: ignore[import-not-found]  # a file of the corpus

        patch.delitem(sys.modules, "quantized")
        patch.delitem(sys.modules, "plain")
    return module


@pytest.fixture(scope="module", params=["export", "compile"])
def traces(request: pytest.FixtureRequest) -> dict[str, Any]:
    options = ("--convention", request.param)
    return {trace["target"]["qualname"]: trace for trace in trace_json("quantized.py", *options, cwd=FOLDER)["traces"]}


def test_quantized_weights_are_trees_with_the_pieces_that_eager_has(traces: dict[str, Any], module: ModuleType) -> None:
    for name, (kind, parameters) in TYPES.items():
        assert traces[name]["status"] == "traced", traces[name]["failure"]
        model = getattr(module, name)()
        (graph,) = traces[name]["graphs"]
        found = {each["label"]: each for each in graph["subclasses"] if each["role"] == "parameter"}
        assert set(found) == parameters, name
        for label, subclass in found.items():
            value = model.get_parameter(label)
            assert (subclass["type"], subclass["shape"]) == (kind, list(value.shape))
            names, _ = value.__tensor_flatten__()
            assert [piece["attribute"] for piece in subclass["pieces"]] == list(names)
            for piece in subclass["pieces"]:
                inner = getattr(value, piece["attribute"])
                assert piece["shape"] == list(inner.shape), (name, label)
                assert piece["dtype"] == str(inner.dtype).removeprefix("torch.")
                assert graph["inputs"][piece["input"]]["label"] == f"{label}.{piece['attribute']}"


def test_gradients_are_those_of_eager(traces: dict[str, Any], module: ModuleType) -> None:
    for name in TYPES:
        model = getattr(module, name)()
        model(torch.randn(16, 64)).sum().backward()
        expected = {key for key, parameter in model.named_parameters() if parameter.grad is not None}
        (graph,) = traces[name]["graphs"]
        pairs = [(slot, slot["gradient"]) for slot in graph["inputs"] if slot["gradient"] is not None]
        assert {slot["label"] for slot, index in pairs if graph["outputs"][index]["node"] is not None} == expected, name
        missing = {key for key, value in model.named_parameters() if value.requires_grad} - expected
        findings = [one for one in traces[name]["findings"] if one["code"] == "parameter-without-gradient"]
        assert {one["name"] for one in findings} == missing, name


def test_converted_parameters_stay_where_their_layer_was_made(traces: dict[str, Any]) -> None:
    lines = {name: (FOLDER / name).read_text(encoding="utf-8").splitlines() for name in ("plain.py", "quantized.py")}

    def line_at(span: dict[str, Any]) -> str:
        return lines[span["path"]][span["line"] - 1].strip()

    for name in CONVERTED:
        up = next(each for each in traces[name]["graphs"][0]["inputs"] if each["label"].startswith("mlp.up.weight"))
        assert line_at(up["definition"]).startswith("self.up = nn.Linear"), name
        assert line_at(up["set_at"]).startswith(("quantize_(", "convert_to_float8_training(")), name


def test_a_kernel_package_that_is_missing_is_named(traces: dict[str, Any]) -> None:
    trace = traces["Int4"]
    if trace["status"] == "traced":  # the package is installed here
        return
    failure = trace["failure"]
    assert failure["message"].startswith("ImportError: Requires mslk")
    assert "install mslk" in failure["hint"]
    line = (FOLDER / "quantized.py").read_text(encoding="utf-8").splitlines()[failure["line"] - 1]
    assert line.strip().startswith("quantize_(self.mlp, Int4")
