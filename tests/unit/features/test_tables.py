"""Long tables in hovers keep every row that deserves a look, and count the rows that they leave out."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from aotlens.explain.brief import folded
from aotlens.explain.phrases import folded_names
from aotlens.explain.render.markdown import inline, markdown
from aotlens.features.hover.hover import hover
from aotlens.features.hover.question import ROWS
from aotlens.model.snapshot import Snapshot
from aotlens_tracer.wire.descriptor_map import Graph, Input
from unit.features.world import DECODER, find, world

IN_ALL = "· 66 parameters in all, 1.1 MiB"


def altered(**changes: dict[str, object]) -> Snapshot:
    """The decoder, its inputs with these last names changed."""
    snapshot = world("decoder")
    (state,) = snapshot.states.values()
    (graph,) = state.map.graphs

    def altered_slot(slot: Input) -> Input:
        name = slot.label.partition("blocks.")[2].partition(".")[2].replace(".", "_")
        return replace(slot, **changes.get(name, {}))

    other: Graph = replace(graph, inputs=tuple(map(altered_slot, graph.inputs)))
    changed = replace(state, map=replace(state.map, graphs=(other,)))
    return replace(snapshot, states=MappingProxyType({state.key: changed}))


def table(snapshot: Snapshot) -> tuple[list[str], str]:
    """The names of the rows in the hover of a block, and the line below the table."""
    document = snapshot.documents[str(DECODER)]
    found = hover(snapshot, document, *find(document, "class Bl$0ock"))
    assert found is not None
    text = markdown(found.blocks)
    rows = [line.split(" | ")[1].strip("`") for line in text.splitlines() if line.startswith("| `")]
    return rows, next((line for line in text.splitlines() if line.startswith("… and")), "")


def test_a_long_table_ends_with_what_is_not_in_it() -> None:
    rows, rest = table(altered())
    assert rows[0] == "gate" and len(rows) == ROWS
    assert rest == f"… and 42 more parameters with a gradient {IN_ALL}"


@pytest.mark.parametrize("change", [{"mutation": 0}, {"tied_to": ("other",)}, {"gradient": 0, "tied_to": ()}])
def test_what_is_last_and_worth_telling_stays(change: dict[str, object]) -> None:
    """Changed in place, tied, without a gradient."""
    if "gradient" in change:
        (state,) = world("decoder").states.values()
        empty = next(slot for slot in state.map.graphs[0].outputs if slot.gradient_of is not None and slot.node is None)
        change = {"gradient": empty.index}
    rows, rest = table(altered(mlp_2_bias=change))
    assert rows[0] == "gate" and rows[-1] == "mlp.2.bias" and len(rows) == ROWS
    assert rest == f"… and 42 more parameters with a gradient {IN_ALL}"


def test_what_is_worth_telling_may_be_more_than_there_is_room_for() -> None:
    """Then it is named in fewer words, and the table has the others."""
    names = ["norm1_weight", "norm1_bias", "norm2_weight", "norm2_bias", "mlp_0_weight", "mlp_0_bias", "mlp_2_weight"]
    snapshot = altered(**{name: {"mutation": 0} for name in [*names, "mlp_2_bias"]})
    rows, rest = table(snapshot)
    assert rows == ["gate", "attn.qkv.weight", "attn.proj.weight"]
    assert rest == "… and 48 parameters, **changed in place**: `norm{1,2}.{weight,bias}`, `mlp.{0,2}.{weight,bias}`"


def test_kinds_of_what_is_left_out() -> None:
    frozen = {"gradient": None, "requires_grad": False}
    _, rest = table(altered(mlp_2_weight=frozen, mlp_2_bias={**frozen, "kind": "BufferAOTInput"}))
    assert rest == "… and 42 more: 30 parameters with a gradient, 6 frozen parameters, 6 buffers"


def test_names_that_are_left_out_are_counted() -> None:
    assert inline(folded_names(["a.0", "a.1", "b", "c"])) == "`a.{0,1}`, `b`, `c`"
    assert folded(["a.0", "b", "c", "d.0", "d.1", "e"]) == "a.0, b, c and 3 more"
    assert folded(["conv1", "conv2", "fc"]) == "conv{1,2}, fc"
