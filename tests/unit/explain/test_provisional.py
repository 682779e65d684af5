"""A provisional map says that it is one wherever it is shown, and the answer has nothing of it."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.graph_text import graph_text
from aotlens.explain.render.plain import plain
from aotlens.explain.states import staleness, state_in_words
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.session.partial_maps import AssembledToShow
from aotlens_tracer.wire.descriptor_map import FoldedLayers
from aotlens_tracer.wire.protocol import FOLDED, SHAPES
from unit.features.world import load_map

EXACT = load_map("decoder")
PROVISIONAL = replace(EXACT, status="partial", folded=(FoldedLayers("layers", 5, 80),))


def state(status: str) -> TargetState:
    return TargetState(TargetKey("/model.py", "Decoder"), status, PROVISIONAL, stage="capture")  # type: ignore[arg-type]  # one of its values


def test_the_lens_says_how_many_layers_were_traced() -> None:
    assert state_in_words(state("tracing")) == "provisional: 5 of 80 layers traced …"
    assert state_in_words(replace(state("tracing"), map=EXACT)) == "tracing: capturing the joint graph …"


def test_a_hover_says_it_below_what_it_tells() -> None:
    (note,) = staleness(state("tracing"))
    said = plain((note,))
    assert said.strip() == "Provisional: 5 of 80 layers traced, the others are like them. The exact map follows."
    assert staleness(replace(state("tracing"), map=EXACT)) == ()


def test_a_graph_says_it_in_its_first_line() -> None:
    text = graph_text(PROVISIONAL, "joint").text
    first, rest = text.split("\n", 1)
    assert first == "# provisional: 5 of 80 layers traced, the others are like them; the exact graph follows"
    assert rest == graph_text(EXACT, "joint").text


def test_a_provisional_part_completes_what_is_known_and_is_not_in_the_answer() -> None:
    parts = AssembledToShow()
    parts.add({"stage": "built", "fields": {"example": "e", "modules": ["m"]}})
    folded = {"graphs": ["folded"], "folded": ["layers"]}
    assert parts.add({"stage": FOLDED, "fields": folded}) == {"example": "e", "modules": ["m"], **folded}
    assert parts.add({"stage": SHAPES, "fields": {"values": "v"}})["graphs"] == ["folded"]
    exact = parts.add({"stage": "joint", "fields": {"graphs": ["exact"]}})
    assert exact["graphs"] == ["exact"] and "folded" not in exact
    assert "folded" not in parts.completed({"failure": None})


def test_another_example_drops_the_provisional_part_of_the_one_before() -> None:
    parts = AssembledToShow()
    parts.add({"stage": FOLDED, "fields": {"graphs": ["folded"], "folded": ["layers"]}})
    assert parts.add({"stage": "built", "fields": {"example": "next"}}) == {"example": "next"}
    parts.add({"stage": FOLDED, "fields": {"graphs": ["folded"], "folded": ["layers"]}})
    assert parts.completed({"failure": "it failed"}) == {"example": "next", "failure": "it failed"}
