"""A model of DTensors: the placements and the bytes per rank wherever a shape or bytes are shown."""

from __future__ import annotations

import pytest

from aotlens.explain.graph_summary import map_in_brief, map_in_words
from aotlens.explain.graph_text import graph_text
from aotlens.explain.render.markdown import markdown
from aotlens.explain.tables.graph import tables
from aotlens.explain.tables.state import one_in_full, total_of_state
from aotlens.features.graph_view import GraphView
from aotlens.features.hover.hover import hover
from aotlens.features.inlay_hints import inlay_hints
from aotlens.model.index import index_of
from unit.features.world import SHARDED, find, load_map, state_of, world

UP = "of f32[16, 16], Replicate() on dp, Shard(1) on tp, 256 B of 1.0 KiB per rank"


def test_a_graph_document_has_whole_tensors_placements_and_meshes() -> None:
    lines = [line.strip() for line in graph_text(load_map("sharded"), "joint").text.splitlines()]
    assert f"up__local_tensor: f32[16, 4]  # parameter piece up._local_tensor, primals_1; {UP}" in lines
    assert "up_device_mesh: DeviceMesh(dp=2, tp=4)  # parameter piece up.device_mesh, primals_2" in lines
    gradient = UP.replace("Replicate()", 'Partial("sum")')
    assert f"grad_up__local_tensor: f32[16, 4]  # grad(up)._local_tensor; {gradient}" in lines


def test_the_hover_in_a_graph_document_says_which_piece_an_input_is() -> None:
    state = state_of("sharded")
    assert state.map is not None
    text = graph_text(state.map, "joint")
    lines = text.text.splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if line.strip().startswith("up_device_mesh:")]
    found = GraphView(state, "joint", text).hover(number, lines[number - 1].index("up_device_mesh") + 1)
    assert found is not None
    first = markdown(found[0]).splitlines()[0]
    assert first == (
        r"**up.device\_mesh** · node `primals_2` · `DeviceMesh(dp=2, tp=4)` · piece of `up`, a `DTensor f32[16, 16]`"
    )


@pytest.mark.parametrize("title", ["Inputs", "Outputs"])
def test_the_tables_of_slots_have_placements_and_bytes_per_rank(title: str) -> None:
    map = load_map("sharded")
    (table,) = [one for one in tables(index_of(map), map.graphs[0], str) if one.title == title]
    notes = [row[-1].text for row in table.rows if any("_local_tensor" in cell.text for cell in row)]
    assert notes
    assert all("per rank" in note and " on dp, " in note for note in notes)
    assert all("DeviceMesh" in cell.text for row in table.rows for cell in row if "device_mesh" in row[2].text[:0])


def test_what_is_saved_is_said_to_be_per_rank() -> None:
    map = load_map("sharded")
    assert "32 B per rank saved for backward" in map_in_words(map)
    assert "saves 32 B per rank" in map_in_brief(map)
    (table,) = [one for one in tables(index_of(map), map.graphs[0], str) if one.title == "Saved for backward"]
    assert table.summary == "1 value, 32 B per rank"


def test_the_bytes_at_the_end_of_a_line_are_per_rank() -> None:
    snapshot = world("sharded")
    document = snapshot.documents[str(SHARDED)]
    hints = inlay_hints(snapshot, document, 1, document.line_count, shapes=True, saved=True)
    assert {hint.label for hint in hints} == {
        "up DTensor f32[16, 16]",
        "down DTensor f32[16, 16]",
        "bias DTensor f32[16]",
        "saves 32 B per rank",
    }
    assert "up: DTensor f32[16, 16], Replicate() on dp, Shard(1) on tp, 256 B of 1.0 KiB per rank" in "".join(
        hint.tooltip for hint in hints
    )


def test_parameters_are_known_with_placements_and_bytes_per_rank_before_there_is_a_graph() -> None:
    map = load_map("sharded")
    tensors = {tensor.name: tensor for tensor in map.state}
    assert markdown([one_in_full("up", tensors["up"], "Mlp")]) == (
        "**parameter** `up` of `Mlp` · `DTensor f32[16, 16]` · 256 B per rank · Replicate() on dp, Shard(1) on tp"
    )
    assert total_of_state(map.state) == "3 parameters, 576 B per rank in all"
    (first, *_) = load_map("scaled").state
    assert markdown([one_in_full("first", first, "Net")]) == (
        "**parameter** `first` of `Net` · `Scaled f32[8, 8]` · 96 B"
    )


def test_the_first_line_of_a_hover_has_the_placements_of_what_was_computed() -> None:
    snapshot = world("sharded")
    document = snapshot.documents[str(SHARDED)]
    found = hover(snapshot, document, *find(document, "(x @ self.up).re$0lu()"))
    assert found is not None
    assert markdown(found.blocks).splitlines()[0] == (
        "`(x @ self.up).relu()`: `DTensor f32[4, 16]` → `DTensor f32[4, 16]` Shard(0) on dp, Shard(1) on tp"
    )


def test_the_values_at_the_ends_of_lines_have_their_placements() -> None:
    snapshot = world("sharded")
    document = snapshot.documents[str(SHARDED)]
    every = (1, document.line_count)
    hints = inlay_hints(snapshot, document, *every, shapes=False, saved=False, values=every)
    assert [hint.label for hint in hints] == [
        "x: DTensor f32[4, 16] (S(0), R)",
        "DTensor f32[4, 16] (S(0), P(sum))",
        "DTensor f32[4, 16] (S(0), R)",
    ]
    assert hints[1].tooltip.startswith('y: DTensor f32[4, 16] Shard(0) on dp, Partial("sum") on tp')
