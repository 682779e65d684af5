"""Every line of source corresponds to its lines in each graph, and every node to its line, both ways."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from aotlens.explain.graph_lines import KINDS, Kind
from aotlens.explain.graph_text import graph_text
from aotlens.features.correspondence import Nodes, node_at, nodes_of_line, nodes_with, origin, runs
from aotlens.features.graph_view import GraphView, prepare
from aotlens.model.nodes import Node
from aotlens.model.snapshot import Snapshot, TargetKey
from aotlens.text.edits import Edit
from unit.features.world import DECODER, find, load_map, world

LAYERS = 6
WORLD = world()


def named(nodes: Nodes) -> dict[str, bool]:
    """Nodes of the only graph, by name."""
    assert all(node.graph == 0 for node in nodes)
    return {node.name: backward for node, backward in nodes.items()}


def view_of(name: str, kind: Kind, snapshot: Snapshot = WORLD) -> GraphView:
    map = load_map(name)
    target = map.target
    text = graph_text(map, kind)
    prepare(map, text)
    return GraphView(snapshot.states[TargetKey(target.path, target.qualname)], kind, text)


def highlighted(marked: str, kind: Kind = "joint", snapshot: Snapshot = WORLD) -> dict[bool, list[str]]:
    """The lines of the decoder's graph that belong to a line of its source: those of the forward and backward pass."""
    document = snapshot.documents[str(DECODER)]
    view = view_of("decoder", kind, snapshot)
    lines = view.text.text.split("\n")
    found: dict[bool, list[str]] = {False: [], True: []}
    for run in runs(view.text, nodes_of_line(snapshot, view, document, find(document, marked)[0])):
        found[run.backward] += [text.strip() for text in lines[run.first - 1 : run.last]]
    return found


def test_a_line_that_runs_in_every_layer() -> None:
    found = highlighted("F.scaled_dot_product_attention$0(q, k, v")
    for lines, called in zip(found.values(), ("_for_cpu(", "_for_cpu_backward("), strict=True):
        assert sum(called in line for line in lines) == LAYERS
        assert sum(line == "# decoder.py:18" for line in lines) == LAYERS
        assert all("scaled_dot_product" in line or "detach" in line or line[0] == "#" for line in lines)


def test_blocks_of_which_all_is_meant_are_meant_with_their_title() -> None:
    found = highlighted("q, k, v = $0self.qkv(x)")
    assert found[False].count("qkv:  # Linear") == LAYERS
    assert found[True].count("qkv:  # Linear") == LAYERS
    assert not any("# Attention" in line or "# Block" in line for lines in found.values() for line in lines)


def test_a_line_that_only_calls_stands_for_what_runs_inside() -> None:
    found = highlighted("x = $0block(x)")
    assert sum(line.endswith("# Block") for line in found[False]) == LAYERS
    assert sum("native_layer_norm_backward(" in line for line in found[True]) == 2 * LAYERS
    own = highlighted("x = x + $0self.attn(self.norm1(x))")
    assert not any("aten.mm" in line for lines in own.values() for line in lines)


def test_a_line_that_makes_parameters() -> None:
    found = highlighted("self.qkv = $0nn.Linear")
    assert found[False] == [
        f"blocks_{i}_attn_qkv_weight: f32[192, 64]  # parameter blocks.{i}.attn.qkv.weight, primals_{11 * i + 5}"
        for i in range(LAYERS)
    ]
    assert sum(line.startswith("grad_blocks_3_attn_qkv_weight: ") for line in found[True]) == 2


@pytest.mark.parametrize("name", ["decoder", "zoo"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_node_with_a_line_is_reached_from_it(name: str, kind: Kind) -> None:
    view = view_of(name, kind)
    reached = 0
    for line, node in view.text.line_nodes.items():
        came = origin(WORLD, view, node)
        document = WORLD.documents.get(came.spans[0].path) if came is not None else None
        if came is None or document is None:
            continue
        nodes = nodes_of_line(WORLD, view, document, came.spans[0].line)
        assert nodes.get(node) == came.backward
        assert any(run.first <= line <= run.last for run in runs(view.text, nodes))
        reached += 1
    assert reached > 0.9 * len(view.text.line_nodes)


def test_a_node_comes_from_a_line_and_those_that_called_it() -> None:
    document, view = WORLD.documents[str(DECODER)], view_of("decoder", "joint")
    lines = [
        find(document, marked)[0]
        for marked in ("q, k, v = $0self.qkv", "x + $0self.attn(self.norm1(x))", "x = $0block(x)")
    ]
    for node in ("mm", "mm_62"):
        came = origin(WORLD, view, Node(0, node))
        assert came is not None and [span.line for span in came.spans] == lines
    assert came is not None and came.backward
    came = origin(WORLD, view, Node(0, "primals_5"))
    assert came is not None and [span.line for span in came.spans] == [find(document, "self.qkv = $0nn.Linear")[0]]
    assert origin(WORLD, view, Node(0, "tangents_1")) is None


def test_a_node_and_its_derivative() -> None:
    view = view_of("decoder", "joint")
    derivative = {"t_121": True, "mm_61": True, "t_122": True, "t_123": True, "mm_62": True}
    assert named(nodes_with(view, Node(0, "mm"))) == {"mm": False, **derivative}
    assert named(nodes_with(view, Node(0, "mm_62"))) == {"mm": False, **derivative}
    weight = named(nodes_with(view, Node(0, "primals_5")))
    assert [node for node, backward in weight.items() if not backward] == ["primals_5"] and len(weight) == 2
    assert named(nodes_with(view, Node(0, "tangents_1"))) == {"tangents_1": True}


def test_what_is_meant_at_a_position() -> None:
    view = view_of("decoder", "joint")
    line = view.text.definitions[Node(0, "mm")]
    (text,) = view.text.text.split("\n")[line - 1 : line]
    assert node_at(view, line, 1) == node_at(view, line, text.index("mm") + 1) == Node(0, "mm")
    assert node_at(view, line, text.index("(view") + 3) == Node(0, "view")
    comment = next(number for number in range(line, 0, -1) if number in view.text.sources and number < line - 2)
    assert node_at(view, comment, 1) == Node(0, "t")
    assert node_at(view, 1, 1) is None and node_at(view, 2, 1) is None and node_at(view, 9999, 1) is None


def test_unsaved_edits_are_followed() -> None:
    document = WORLD.documents[str(DECODER)]
    edited = document.changed(2, [Edit(1, 1, 1, 1, "# new\n\n")])
    snapshot = replace(WORLD, documents=MappingProxyType({**WORLD.documents, edited.path: edited}))
    assert highlighted("x = $0block(x)", snapshot=snapshot) == highlighted("x = $0block(x)")
    came, before = (origin(one, view_of("decoder", "joint"), Node(0, "mm")) for one in (snapshot, WORLD))
    assert came is not None and before is not None
    assert [span.line - 2 for span in came.spans] == [span.line for span in before.spans]
    line, column = find(document, "y = $0F.scaled_dot_product_attention")
    broken = document.changed(2, [Edit(line, column, line, len(document.line(line)) + 1, "q")])
    snapshot = replace(WORLD, documents=MappingProxyType({**WORLD.documents, broken.path: broken}))
    came = origin(snapshot, view_of("decoder", "joint"), Node(0, "detach"))
    assert came is not None and came.spans[0].line != line
