"""The view of slots: gradients of tensor subclasses come in pieces, each of which is a row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from aotlens.features.slots import view
from aotlens.model.counts import count
from aotlens.model.snapshot import Snapshot
from aotlens_tracer.wire.descriptor_map import Descriptor
from unit.features.world import DECODER, MODEL, find, world


def in_pieces(name: str) -> Snapshot:
    """The decoder, the gradient of one parameter a tensor subclass with one piece."""
    snapshot = world("decoder")
    (state,) = snapshot.states.values()
    assert state.map is not None
    (graph,) = state.map.graphs
    slot = next(slot for slot in graph.inputs if slot.label == name)
    assert slot.gradient is not None
    whole = graph.outputs[slot.gradient]
    base = whole.as_descriptor()
    assert isinstance(base, Descriptor)
    piece = replace(whole, kind="SubclassGetAttrAOTOutput", fields={"base": base, "attr": "a"})
    inputs = (
        replace(one, gradient=None, gradient_pieces=(whole.index,)) if one is slot else one for one in graph.inputs
    )
    outputs = (piece if one is whole else one for one in graph.outputs)
    other = replace(graph, inputs=tuple(inputs), outputs=tuple(outputs))
    changed = replace(state, map=replace(state.map, graphs=(other,)))
    return replace(snapshot, states=MappingProxyType({state.key: changed}))


def test_a_gradient_in_pieces() -> None:
    """In the view of the model and in that of a class that it contains."""
    snapshot = in_pieces("blocks.0.attn.qkv.weight")
    document = snapshot.documents[str(DECODER)]
    for marked in ("class De$0coder", "class At$0tention"):
        shown = view(snapshot, document, find(document, marked)[0])
        assert shown is not None
        gradients = next(group for group in shown.groups if group.kind == "gradient")
        assert any(row.label == "blocks.0.attn.qkv.weight.a" and not row.concern for row in gradients.rows)
        parameters = next(group for group in shown.groups if group.kind == "parameter")
        row = next(row for row in parameters.rows if row.label.endswith("attn.qkv.weight"))
        assert (row.note, row.concern) in (("", False), ("×6", False))


@pytest.mark.parametrize(
    ("name", "path", "marked"), [("decoder", DECODER, "class De$0coder"), ("zoo", MODEL, "class Zo$0o(")]
)
def test_the_tree_counts_gradients_as_the_lens_does(name: str, path: Path, marked: str) -> None:
    """Empty slots, of missing and of tied gradients, are rows, but no gradients."""
    snapshot = world(name)
    document = snapshot.documents[str(path)]
    shown = view(snapshot, document, find(document, marked)[0])
    assert shown is not None
    map = snapshot.states[shown.key].map
    assert map is not None
    counts = count(map.graphs[0])
    (summary,) = (group.summary for group in shown.groups if group.kind == "gradient")
    assert counts.missing and summary == f"{counts.gradients}, {counts.missing} missing"
