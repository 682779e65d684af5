"""Whole inputs and pieces of tensor subclasses: gradients, ties, changes and findings hold for both alike."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from aotlens.explain.gradients import gradient_cell, gradient_in_words
from aotlens.explain.graph_summary import map_in_words
from aotlens.explain.render.plain import inline
from aotlens.model.counts import count
from aotlens.model.gradients import Gradient, InPieces, Missing, NotWanted, Own, Tied, gradients
from aotlens.model.index import index_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Target
from aotlens_tracer.wire.findings import Finding
from aotlens_tracer.wire.graphs import Graph
from aotlens_tracer.wire.json_codec import from_json
from support import CORPUS, run_aotlens, trace_json

FOLDER = CORPUS / "pieces"
SOURCE = (FOLDER / "model.py").read_text(encoding="utf-8")
CLASSES = re.findall(r"^# aotlens: .*\nclass (\w+)", SOURCE, re.MULTILINE)
ABOUT = dict(re.findall(r"^class (\w+)\(nn\.Module\):  # (.+)$", SOURCE, re.MULTILINE))


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, Any]]:
    return {trace["target"]["qualname"]: trace for trace in trace_json("model.py", cwd=FOLDER)["traces"]}


@pytest.fixture(scope="module")
def text() -> str:
    return run_aotlens("trace", "model.py", "--full", cwd=FOLDER).stdout


def _graph(trace: dict[str, Any]) -> Graph:
    assert trace["status"] == "traced", trace["failure"]
    (graph,) = trace["graphs"]
    read: Graph = from_json(Graph, {**graph, "frames": [], "operations": [], "partition": None})
    return read


@pytest.mark.parametrize("name", CLASSES)
def test_a_finding_is_about_the_whole_subclass(traces: dict[str, dict[str, Any]], name: str) -> None:
    about = [finding["subjects"][0]["name"] for finding in traces[name]["findings"]]
    assert sorted(about) == sorted(ABOUT[name].split(", ") if name in ABOUT else [])


def _gradients(trace: dict[str, Any]) -> dict[str, Gradient]:
    graph = _graph(trace)
    return {slot.label: each for slot, each in zip(graph.inputs, gradients(graph)) if slot.tangent_of is None}


NONE = NotWanted("not-required")
FROZEN = NotWanted("frozen")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PlainBias", {"weight.a": Own(2), "weight.b": Own(3), "bias": InPieces((4, 5)), "x": NONE}),
        (
            "PlainWeights",
            {
                "layers.0.weight": InPieces((2, 3)),
                "layers.0.bias": InPieces((4, 5)),
                "layers.1.weight": InPieces((6, 7)),
                "layers.1.bias": InPieces((8, 9)),
                "x.a": Own(10),
                "x.b": Own(11),
            },
        ),
        ("PlainGradient", {"weight.a": Own(1), "weight.b": Own(1), "x": NONE}),
        (
            "Nested",
            {"weight.a.a": Own(3), "weight.a.b": Own(4), "weight.b": Own(5), "bias": InPieces((6, 7, 8)), "x": NONE},
        ),
        (
            "Without",
            {
                "weight.a": Own(2),
                "weight.b": Own(3),
                "dead.a": Missing(4),
                "dead.b": Missing(4),
                "cut.a": Missing(5),
                "cut.b": Missing(5),
                "x": NONE,
            },
        ),
        ("Frozen", {"weight.a": FROZEN, "weight.b": FROZEN, "x": InPieces((3, 4))}),
        (
            "TiedPieces",
            {
                "weight.a": Own(2),
                "weight.b": Own(3),
                "other.a": Tied("weight", (2,)),
                "other.b": Tied("weight", (3,)),
                "x": NONE,
            },
        ),
        ("Tied", {"embed.weight": Own(1), "head.weight": Tied("embed.weight", (1,)), "x": NONE}),
    ],
)
def test_gradients(traces: dict[str, dict[str, Any]], name: str, expected: dict[str, Gradient]) -> None:
    assert _gradients(traces[name]) == expected


@pytest.mark.parametrize("name", CLASSES)
def test_each_piece_of_a_gradient_belongs_to_its_input(traces: dict[str, dict[str, Any]], name: str) -> None:
    """Both directions agree, and no gradient is left without an input."""
    graph = _graph(traces[name])
    for out in graph.outputs:
        assert (out.gradient_of is not None) is (out.descriptor is not None and "GradAOTOutput" in out.descriptor)
        if out.gradient_of is not None:
            slot = graph.inputs[out.gradient_of]
            assert out.index in (slot.gradient_pieces or (slot.gradient,))


@pytest.mark.parametrize(
    ("name", "gradients", "slots", "missing"),
    [
        ("PlainBias", 2, 4, 0),
        ("PlainWeights", 5, 10, 0),
        ("PlainGradient", 1, 1, 0),
        ("Without", 1, 2, 2),
        ("Tied", 1, 1, 0),
    ],
)
def test_counts(traces: dict[str, dict[str, Any]], name: str, gradients: int, slots: int, missing: int) -> None:
    """A gradient that comes in pieces is one, as a missing one is."""
    graph = _graph(traces[name])
    found = count(graph)
    assert (found.gradients, found.gradient_slots, found.missing) == (gradients, slots, missing)
    several = "s" if gradients != 1 else ""
    also = (f" in {slots} pieces" if slots > gradients else "") + (f", {missing} missing" if missing else "")
    assert f" · {gradients} gradient{several}{also} · " in map_in_words(
        DescriptorMap(Target("model.py", name), "traced", "export", graphs=(graph,))
    )


@pytest.mark.parametrize(
    ("name", "label", "words", "cell"),
    [
        ("Tied", "head.weight", "tied to embed.weight, whose gradient is that of both", "in that of `embed.weight`"),
        ("Tied", "embed.weight", "gradient is output 1 (add)", "yes"),
        ("PlainBias", "bias", "gradient is a TwoTensor f32[4] in outputs 4, 5", "yes"),
        ("Without", "dead.a", "no gradient: forward never uses it", "none"),
    ],
)
def test_a_hover_says_the_same(traces: dict[str, dict[str, Any]], name: str, label: str, words: str, cell: str) -> None:
    graph = _graph(traces[name])
    fields = [field.name for field in dataclasses.fields(Finding)]
    findings = [{field: finding[field] for field in fields} for finding in traces[name]["findings"]]
    known = tuple(from_json(Finding, finding) for finding in findings)
    map = DescriptorMap(Target("model.py", name), "traced", "export", graphs=(graph,), findings=known)
    index = index_of(map)
    (entry,) = [entry for entry in index.entries if entry.slot.label == label]
    assert inline(gradient_in_words([entry], index)) == words
    assert gradient_cell(entry, index).text == cell


def test_a_tied_parameter_is_used_under_both_names(traces: dict[str, dict[str, Any]]) -> None:
    used = {slot["label"]: slot["used"] for slot in traces["Tied"]["graphs"][0]["inputs"]}
    assert used["embed.weight"] is True and used["head.weight"] is True
    pieces = {slot["label"]: slot["used"] for slot in traces["Without"]["graphs"][0]["inputs"]}
    assert pieces["dead.a"] is False and pieces["dead.b"] is False


def test_the_empty_slot_of_a_tied_gradient_names_the_other(traces: dict[str, dict[str, Any]]) -> None:
    meanings = {out["label"]: out["meaning"] for out in traces["Tied"]["graphs"][0]["outputs"]}
    assert meanings["grad(head.weight)"] == (
        "The gradient of parameter `head.weight` is returned as the gradient of `embed.weight`: "
        "both are names of one parameter."
    )


def test_what_changes_and_what_is_a_view(traces: dict[str, dict[str, Any]]) -> None:
    findings = {finding["name"]: finding for finding in traces["Changed"]["findings"]}
    assert findings["scale"]["outputs"] == [0, 1] and findings["scale"]["output"] == 0
    assert findings["x"]["message"] == (
        "the argument x is changed in place: the pieces of its new value are outputs 2, 3 of the graph"
    )
    for name, words in (("scale", "self.scale.mul_"), ("x", "x.add_")):
        assert words in SOURCE.split("\n")[findings[name]["line"] - 1]
    views = [out for out in _graph(traces["Views"]).outputs if out.alias_of is not None]
    assert [(out.label, out.alias_of, out.requires_grad) for out in views] == [
        ("output[1].a", 2, False),
        ("output[1].b", 3, False),
    ]


def test_the_text_shows_all_of_them(text: str) -> None:
    """It has no false warning, and shows a tied parameter as one that has a gradient."""
    assert "Traceback" not in text
    assert [line.partition("  ")[2].strip() for line in re.findall(r"(?:warning|information|hint)\[.*", text)] == [
        "dead gets no gradient: forward never uses it",
        "cut gets no gradient: cut off by `self.cut.detach()` on line 76",
        "x gets no gradient: cut off by `x.detach()` on line 86",
        *re.findall(r"\[buffer-mutation\]  (.*)", text),
        *re.findall(r"\[input-mutation\]  (.*)", text),
    ]
    tied = text[text.index("::Tied  ") :]
    assert re.search(r"head\.weight .* tied\n +tied to embed\.weight\n", tied)
    assert "1 tied gradient" in tied and "missing" not in tied.partition("::Views")[0]
    plain = text[text.index("::PlainBias  ") : text.index("::PlainWeights  ")]
    assert re.search(r"bias .* #4, 5\n", plain)
