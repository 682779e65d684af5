"""A parameter that several graphs of a call take has a gradient if one of them gives it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aotlens.explain.gradients import gradient_in_words
from aotlens.explain.render.plain import inline
from aotlens.explain.tables.graph import tables
from aotlens.model.counts import count_all
from aotlens.model.gradients import InOtherGraph, Missing, Own
from aotlens.model.index import MapIndex, index_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph
from unit.features.world import load_map

MAP = load_map("net_compile")


def without_gradient(graph: Graph, name: str) -> Graph:
    """The graph, whose output for the gradient of an input is empty."""
    (slot,) = (slot for slot in graph.inputs if slot.label == name)
    outputs = tuple(replace(out, node=None) if out.index == slot.gradient else out for out in graph.outputs)
    return replace(graph, outputs=outputs)


def kinds(index: MapIndex, name: str) -> list[object]:
    return [type(index.gradient(entry)) for entry in index.entries if entry.slot.label == name]


def test_a_gradient_of_one_graph_is_that_of_the_call() -> None:
    map = replace(MAP, graphs=(without_gradient(MAP.graphs[0], "up.weight"), MAP.graphs[1]))
    index = index_of(map)
    assert kinds(index, "up.weight") == [InOtherGraph, Own]
    first = next(entry for entry in index.entries if entry.slot.label == "up.weight")
    assert inline(gradient_in_words([first], index)) == "gradient comes from graph 1/0"
    assert count_all(index).missing == 0 and count_all(index).gradients == 5
    inputs, outputs = tables(index, map.graphs[0], str)[:2]
    assert any("in graph 1/0" in cell.text for row in inputs.rows for cell in row)
    assert any("in another graph" in cell.text for row in outputs.rows for cell in row)


def test_a_gradient_of_no_graph_is_missing_once() -> None:
    graphs = tuple(without_gradient(graph, "up.weight") for graph in MAP.graphs)
    index = index_of(map := replace(MAP, graphs=graphs))
    assert kinds(index, "up.weight") == [Missing, Missing]
    assert count_all(index).missing == 1 and count_all(index).gradients == 4
    assert len(map.graphs) == 2


@pytest.mark.parametrize("name", ["only_in_graph", "only_in_eager"])
@pytest.mark.parametrize("known", [MAP, load_map("decoder")], ids=["compile", "export"])
def test_the_table_of_outputs_says_what_eager_alone_or_the_graph_alone_has(known: DescriptorMap, name: str) -> None:
    slot = next(slot for slot in known.graphs[0].inputs if slot.gradient is not None)
    graph = known.graphs[0]
    if name == "only_in_eager":
        graph = without_gradient(graph, slot.label)
    map = replace(known, graphs=(replace(graph, **{name: (slot.index,)}), *known.graphs[1:]))
    outputs = tables(index_of(map), map.graphs[0], str, full=True)[1]
    said = {"only_in_graph": "none in eager", "only_in_eager": "outside"}[name]
    assert any(cell.text == said for row in outputs.rows for cell in row)
