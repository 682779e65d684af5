"""Graph documents of torch.compile's graphs: one after another, each node in its own graph, both ways to the source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aotlens.explain.graph_lines import KINDS, Kind
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.explain.render.plain import plain
from aotlens.features.correspondence import node_at, nodes_of_line, nodes_with, origin, runs
from aotlens.features.graph_view import GraphView
from aotlens.features.hover.modules import modules
from aotlens.model.index import index_of
from aotlens.model.nodes import Node
from aotlens.model.snapshot import TargetKey
from unit.features.world import NET, find, load_map, world

MAP = load_map("net_compile")
WORLD = world("net_compile")


def shown(kind: Kind = "joint") -> GraphView:
    return GraphView(WORLD.states[TargetKey(str(NET), "Net")], kind, graph_text(MAP, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_each_graph_has_a_header_and_its_own_nodes(kind: Kind) -> None:
    text = shown(kind).text
    lines = text.text.split("\n")
    heads = [number for number, line in enumerate(lines) if line.startswith(f"# {kind} graph of Net, torch.compile's")]
    assert [lines[number + 1] for number in heads] == [
        "# graph 0/0_1: Net.forward, line 29",
        "# graph 1/0: Net.forward after the break in line 30, lines 31 to 33",
    ]
    for name in text.names:
        assert (name.line - 1 > heads[1]) is bool(name.node.graph)
        assert lines[name.line - 1][name.column - 1 : name.end_column - 1].isidentifier()
    both = {node.name for node in text.definitions if Node(1 - node.graph, node.name) in text.definitions}
    assert "primals_4" in both  # it is in each graph, and another thing in each


def test_hovers_uses_and_definitions_stay_in_their_graph() -> None:
    view = shown()
    place = {}
    for graph, label in enumerate(("up.weight", "down.weight")):
        line = view.text.definitions[Node(graph, "primals_1")]
        column = view.text.by_line[line][0].column
        place[graph] = line, column
        found = view.hover(line, column)
        assert found is not None and label in plain(found[0])
        uses = view.uses(line, column)
        assert {use.node.graph for use in uses} == {graph} and len(uses) > 1
        assert view.definition_line(uses[-1].line, uses[-1].column) == line
    assert node_at(view, *place[1]) == Node(1, "primals_1")


def test_a_line_of_source_has_its_lines_in_its_graph() -> None:
    view, document = shown(), WORLD.documents[str(NET)]
    line, _ = find(document, "$0h = self.up(x).relu()")
    assert {node.graph for node in nodes_of_line(WORLD, view, document, line)} == {0}
    line, _ = find(document, "$0y = self.norm(self.down(h))")
    nodes = nodes_of_line(WORLD, view, document, line)
    assert {node.graph for node in nodes} == {1} and runs(view.text, nodes)
    made, _ = find(document, "self.up = $0nn.Linear")
    assert {node.graph for node in nodes_of_line(WORLD, view, document, made)} == {0, 1}
    for node in nodes:
        came = origin(WORLD, view, node)
        assert came is None or came.spans[-1].line == line


def test_a_node_and_its_derivative_are_of_one_graph() -> None:
    view = shown()
    for node in view.text.definitions:
        assert {one.graph for one in nodes_with(view, node)} == {node.graph}


def test_a_graph_without_a_backward_part_is_named_among_others() -> None:
    first, second = MAP.graphs
    one = replace(MAP, graphs=(replace(first, joint=False), second))
    text = graph_text(one, "backward").text
    assert text.startswith(
        "# graph 0/0_1: Net.forward, line 29\n# Net has no backward graph: none of its outputs needs"
    )
    assert "# graph 1/0: " in text
    with pytest.raises(NoSuchGraph, match="none of its outputs"):
        graph_text(replace(MAP, graphs=(replace(first, joint=False), replace(second, joint=False))), "backward")


def test_a_module_of_which_no_graph_takes_anything_is_not_said_to_have_nothing() -> None:
    graphs = tuple(
        replace(graph, inputs=tuple(slot for slot in graph.inputs if not slot.label.startswith("down.")))
        for graph in MAP.graphs
    )
    state = replace(WORLD.states[TargetKey(str(NET), "Net")], map=replace(MAP, graphs=graphs))
    index = index_of(state.map) if state.map is not None else None
    named = index.named("down") if index is not None else None
    assert index is not None and named is not None
    assert plain(modules(state, index, [named])).splitlines()[-1] == (
        "No graph of torch.compile takes a parameter or buffer of it"
    )
