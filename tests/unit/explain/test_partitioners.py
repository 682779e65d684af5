"""The partitioner is named wherever saved bytes are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aotlens.explain.graph_summary import map_in_words
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.explain.partitioners import choice_in_words, for_backward, name_of_choice
from aotlens_tracer.wire.descriptor_map import Graph
from unit.explain.maps import map_of
from unit.features.world import load_map

GRAPH = load_map("attend").graphs[0]


def by(partitioner: str, memory_budget: float | None = None, eager_on: str | None = None) -> Graph:
    return replace(GRAPH, partitioner=partitioner, memory_budget=memory_budget, eager_on=eager_on)


@pytest.mark.parametrize(
    ("graph", "backward", "name"),
    [
        (by("eager"), "for backward in eager", "eager"),
        (by("default"), "for backward by the default partitioner", "default"),
        (by("min-cut", 1.0), "for backward", "min-cut"),
        (by("min-cut", 0.25), "for backward at a memory budget of 0.25", "min-cut, memory budget 0.25"),
    ],
)
def test_the_choice_is_named_where_it_is_not_the_usual_one(graph: Graph, backward: str, name: str) -> None:
    assert for_backward(graph) == backward and name_of_choice(graph) == name
    assert map_in_words(map_of(graph)).endswith(f" saved {backward}")


def test_a_sentence_says_what_it_is_and_what_may_be_wrong_with_it() -> None:
    assert choice_in_words(by("min-cut", 0.0)) == (
        "By torch's min-cut partitioner at a memory budget of 0, on AOTAutograd's own graph, before Inductor's "
        "decompositions."
    )
    assert "torch's default partitioner, on" in choice_in_words(by("default"))
    assert choice_in_words(by("eager", eager_on="real")).endswith("seen on real tensors.")
    assert "seen on fake tensors: code that asks for fake tensors" in choice_in_words(by("eager", eager_on="fake"))


def test_graphs_say_whose_they_are() -> None:
    map = load_map("attend")
    shown = graph_text(replace(map, graphs=(by("default"),)), "forward").text
    assert shown.split("\n")[0].endswith(" operations, saves 16 B by the default partitioner")
    eager = replace(map, graphs=(replace(by("eager"), partition=None),))
    with pytest.raises(NoSuchGraph, match="in eager attend has no forward graph: the other partitioners make one"):
        graph_text(eager, "forward")
    assert graph_text(eager, "joint").text.split("\n")[0].endswith(" operations, saves 16 B in eager")
