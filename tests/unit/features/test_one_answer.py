"""Every view of torch.compile's graphs gives the same facts: the report, the JSON, hovers, the tree and the lens."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from aotlens.explain.render.markdown import markdown
from aotlens.explain.render.public_json import public_json
from aotlens.explain.render.terminal_report import render_text
from aotlens.explain.shapes import bytes_in_words
from aotlens.explain.tables.saved_ranking import saved_tables
from aotlens.features.hover.hover import hover
from aotlens.features.lens import text as lens_text
from aotlens.features.slot_rows import Row
from aotlens.features.slots import view
from aotlens.model.index import index_of
from aotlens.model.saved import kept_locals, saved_by_call
from aotlens.model.snapshot import TargetKey
from unit.features.world import NET, find, load_map, world

MAP = load_map("net_compile")
GRAPHS = ("0/0_1", "1/0")
WHERE = {
    "up.weight": "self.up.wei$0ght.T",
    "down.weight": "self.down = nn.$0Linear",
    "norm.weight": "self.weight = nn.$0Parameter",
    "calls": "self.ca$0lls += 1",
    "mask": "x: torch.Tensor, ma$0sk: torch.Tensor",
}
"""A place in the source that stands for each input."""


def in_json() -> dict[str, dict[str, tuple[str, str | None]]]:
    """The node of each input and that of its gradient, by name and graph."""
    (trace,) = public_json([MAP], "2.13.0", "/")["traces"]
    found: dict[str, dict[str, tuple[str, str | None]]] = {}
    for graph in trace["graphs"]:
        for slot in graph["inputs"]:
            gradient = graph["outputs"][slot["gradient"]]["node"] if slot["gradient"] is not None else None
            found.setdefault(slot["label"], {})[graph["compiled"]["compile_id"]] = (slot["node"], gradient)
    return found


FACTS = in_json()


def report() -> str:
    stream = io.StringIO()
    render_text(MAP, Console(file=stream, width=200, highlight=False))
    return stream.getvalue()


def test_the_map_has_two_graphs() -> None:
    assert tuple(graph.compiled.compile_id for graph in MAP.graphs if graph.compiled is not None) == GRAPHS
    assert set(FACTS["up.weight"]) == set(GRAPHS) and set(WHERE) < set(FACTS)


def test_the_report_has_the_same_numbers() -> None:
    _, *parts = re.split(r"^Graph (\S+): .*$", report(), flags=re.MULTILINE)
    for graph, part in zip(parts[::2], parts[1::2], strict=True):
        rows = [line.split() for line in part.splitlines()]
        for name, of in FACTS.items():
            if graph in of and name in WHERE:
                assert any(row[:1] == [of[graph][0]] and name in row for row in rows), (name, graph)
                gradient = of[graph][1]
                assert gradient is None or any(gradient in row and f"grad({name})" in row for row in rows)


@pytest.mark.parametrize(("name", "marked"), WHERE.items())
def test_hovers_have_the_same_numbers(name: str, marked: str) -> None:
    snapshot = world("net_compile")
    document = snapshot.documents[str(NET)]
    found = hover(snapshot, document, *find(document, marked))
    assert found is not None
    text = markdown(found.blocks).replace("\\", "").replace("`", "")
    for graph, (node, _) in FACTS[name].items():
        assert f"{node} in graph {graph}" in text


def test_the_tree_has_the_same_numbers() -> None:
    snapshot = world("net_compile")
    document = snapshot.documents[str(NET)]
    shown = view(snapshot, document, find(document, "class $0Net(nn.Module)")[0])
    assert shown is not None
    rows: dict[str, dict[str, Row]] = {}
    for group in shown.groups:
        rows[group.title] = {row.label: row for each in group.rows for row in (each, *each.members)}
    for name in ("up.weight", "down.weight", "norm.weight"):
        for graph, (node, gradient) in FACTS[name].items():
            assert rows[f"Parameters in graph {graph}"][name].nodes == (node,)
            assert rows[f"Gradients in graph {graph}"][name].nodes == (gradient,)
    assert rows["Buffers in graph 1/0"]["calls"].note == "changed in place"
    assert rows["Locals in graph 1/0"]["h"].note == "output 1 of graph 0/0_1"


def test_saved_bytes_are_the_same_everywhere() -> None:
    saved = sum(value.bytes or 0 for graph in MAP.graphs for value in graph.saved or () if value.alias_of is None)
    size = bytes_in_words(saved)
    snapshot = world("net_compile")
    document = snapshot.documents[str(NET)]
    shown = view(snapshot, document, find(document, "class $0Net(nn.Module)")[0])
    assert shown is not None
    assert next(group.summary for group in shown.groups if group.kind == "saved") == size
    assert saved_tables(MAP, str)[0].summary == size
    assert f"{size} saved for backward" in report().splitlines()[2]
    lens = lens_text(snapshot, TargetKey(str(NET), "Net"), "target")
    assert f"saves {size}" in lens.title and f"{size} saved for backward" in lens.tooltip[0]


def test_what_a_later_graph_keeps_alive_is_counted_once() -> None:
    (first, second) = MAP.graphs
    without = [value for value in first.saved or () if value.node != "detach_1"]
    alone = replace(MAP, graphs=(replace(first, saved=tuple(without)), second))
    assert kept_locals(index_of(MAP)) == {}
    assert kept_locals(index_of(alone)) == {(0, "relu"): 192}
    assert saved_by_call(index_of(alone)) == saved_by_call(index_of(MAP)) == 400
