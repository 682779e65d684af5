"""Birthplaces of parameters and buffers: the text under the span that the command line's JSON gives."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from support import CORPUS, trace_json

FOLDER = CORPUS / "birthplaces"

EXPECTED = {
    "plain.weight": "nn.Linear(width, width)",
    "plain.bias": "nn.Linear(width, width)",
    "ü.weight": "nn.LayerNorm(width)",
    "second.weight": "nn.LayerNorm(width, bias=False)",
    "layers.0.weight": "nn.Linear(width, width, bias=False, device=None)",
    "layers.2.weight": "nn.Linear(width, width, bias=False, device=None)",
    "scale": "nn.Parameter(torch.full((width,), 2.0))",
    "shift": "torch.nn.Parameter(torch.zeros(1, width))",
    "registered": "nn.Parameter(torch.ones(width) * 3)",
    "count": 'self.register_buffer("count", torch.zeros(1))',
    "buffer_object": "nn.Buffer(torch.arange(4.0))",
    "loop0.weight": "nn.Linear(width, width, bias=index == 5)",
    "loop1.weight": "nn.Linear(width, width, bias=index == 5)",
    "steps.first.weight": "nn.Linear(width, 2 * width, bias=False)",
    "steps.second.weight": "nn.Linear(2 * width, width, bias=False)",
    "chain.0.weight": "nn.Linear(width, width, False)",
    "lazy.weight": "nn.LazyLinear(width, bias=False)",
    "normed.parametrizations.weight.original0": "weight_norm(nn.Linear(width, width, bias=None or False))",
    "helped.weight": "helpers.py: nn.Linear(width, 3 * width, bias=False)",
    "scaled.gain": 'helpers.py: nn.Parameter(width.new_ones(4) if hasattr(width, "new_ones") else _ones(width))',
    "base.weight": "super().__init__(width, width, bias=False)",
    "declared.inner.weight": "nn.Linear(self.width, 4, bias=False, dtype=torch.float32)",
    "copies.1.weight": "copy.deepcopy(template)",
    "encoder.layers.1.linear1.weight": (
        "nn.TransformerEncoder(nn.TransformerEncoderLayer(width, 2, 8, dropout=0.0), 2)"
    ),
    "table.weight": "nn.Embedding(7, width)",
    "head.weight": "self.head.weight",  # the assignment that ties it, not where the tied parameter was made
    "typed.weight": "nn.Linear(width, width, bias=0)",  # though .to() made another parameter of it
    "by_name.k": "nn.Parameter(torch.ones(width) * 5)",
    "added.weight": "nn.Linear(width, width, bias=not True)",
}


@pytest.fixture(scope="module", params=["fake", "real"])
def inputs(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """The inputs of the traced module by label, built with fake and with real weights."""
    options = []
    if request.param == "real":  # a constructor call that reads data: everything is built for real then
        options = ["--example", "Everything(4 + int(torch.rand(())))(torch.randn(2, 4))"]
    trace = trace_json("model.py::Everything", *options, cwd=FOLDER)["traces"][0]
    assert trace["status"] == "traced", trace["failure"]
    assert trace["example"]["weights"] == ("real" if request.param == "real" else "fake")
    return {slot["label"]: slot for slot in trace["graphs"][0]["inputs"]}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no columns")
@pytest.mark.parametrize("name", EXPECTED)
def test_birthplace(name: str, inputs: dict[str, dict[str, Any]]) -> None:
    span = inputs[name]["definition"]
    assert span is not None
    line = (FOLDER / span["path"]).read_text(encoding="utf-8").splitlines()[span["line"] - 1]
    assert span["end_line"] == span["line"]
    text = line[span["column"] - 1 : span["end_column"] - 1]
    assert (text if span["path"] == "model.py" else f"{span['path']}: {text}") == EXPECTED[name]


def test_every_parameter_and_buffer_has_one(inputs: dict[str, dict[str, Any]]) -> None:
    state = [slot for slot in inputs.values() if slot["kind"] in ("ParamAOTInput", "BufferAOTInput")]
    assert len(state) > 40
    assert [slot["label"] for slot in state if slot["definition"] is None] == []


def test_tied_parameters_name_each_other(inputs: dict[str, dict[str, Any]]) -> None:
    assert inputs["head.weight"]["tied_to"] == ["table.weight"]
    assert inputs["table.weight"]["tied_to"] == ["head.weight"]
    assert inputs["plain.weight"]["tied_to"] == []


REPLACED = {
    "quantized.0.weight": ("self.quantized =", "quantize_(self.quantized"),
    "quantized.0.bias": ("self.quantized =", None),
    "copied.0.weight": ("self.copied =", "quantize_(self.copied"),
    "float8.0.weight": ("self.float8 =", "convert_to_float8_training("),
    "parametrized.parametrizations.weight.original": ("self.parametrized =", "register_parametrization("),
    "parametrized.bias": ("self.parametrized =", None),
    "swapped.weight": ("self.swapped =", "torch.utils.swap_tensors("),
    "loop.0.weight": ("self.loop =", "layer.weight ="),
    "loop.1.bias": ("self.loop =", None),
    "own.weight": ("self.weight = nn.Parameter(torch.zeros", None),
    "wrapped.0.base.weight": ("self.wrapped =", None),
    "head.weight": ("self.head.weight =", None),
    "loaded.weight": ("self.loaded =", "self.loaded.load_state_dict"),
}
"""The lines that made a parameter and that set it later, each by its beginning."""


def test_a_parameter_that_is_replaced_stays_where_its_layer_was_made() -> None:
    trace = trace_json("replaced.py::Replaced", cwd=FOLDER)["traces"][0]
    assert trace["status"] == "traced", trace["failure"]
    lines = (FOLDER / "replaced.py").read_text(encoding="utf-8").splitlines()

    def places(thing: dict[str, Any]) -> tuple[str | None, ...]:
        spans = (thing["definition"], thing["set_at"])
        return tuple(lines[span["line"] - 1].strip() if span is not None else None for span in spans)

    slots = {slot["label"].removesuffix(".qdata").removesuffix(".a"): slot for slot in trace["graphs"][0]["inputs"]}
    for name, expected in REPLACED.items():
        for found, start in zip(places(slots[name]), expected, strict=True):
            assert (found is None) is (start is None), name
            assert found is None or found.startswith(start or ""), name
    modules = {module["name"]: places(module) for module in trace["modules"]}
    assert modules["float8.0"][1] == "convert_to_float8_training(self.float8)"
    assert (modules["float8.0"][0] or "").startswith("self.float8 =")
    assert modules["wrapped.0"] == ("self.wrapped[0] = Wrapper(self.wrapped[0])", None)
