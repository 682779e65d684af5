"""Inlay hints of a line belong to one model, the one that answers for the line in hovers."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from aotlens.features.inlay_hints import InlayHint, inlay_hints
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens_tracer.wire.descriptor_map import Input, ModuleInstance
from unit.features.world import MODEL, PARTS, state_of, world


def other_model() -> TargetState:
    """A model with one more expert in it, whose shapes are others; its file is the first by name, wherever ours lie."""
    state = state_of("zoo")
    assert state.map is not None
    (graph,) = state.map.graphs

    def wider(slot: Input) -> Input:
        return replace(slot, shape=(99,) if slot.shape else slot.shape)

    slots = tuple(wider(s) for s in graph.inputs if s.definition is None or s.definition.path == str(PARTS))
    alone = tuple(m for m in state.map.modules if m.type == "Expert" or not m.name)
    map = replace(state.map, graphs=(replace(graph, inputs=slots),), modules=alone)
    return replace(state, key=TargetKey("/!/a.py", "Wide"), map=map)


def hints(*states: TargetState, path: str = str(PARTS), contexts: dict[TargetKey, TargetKey] | None = None) -> list:
    documents = world().documents
    known = MappingProxyType({state.key: state for state in states})
    snapshot = Snapshot(documents, known, MappingProxyType(contexts or {}))
    return inlay_hints(snapshot, documents[path], 1, 1000, shapes=True, saved=True)


def shown(found: list[InlayHint], line: int) -> list[str]:
    return [f"{hint.label}\n{hint.tooltip}" for hint in found if hint.span.line == line]


UP = 21
SHARED = 15


def test_a_hint_says_of_which_model_it_is_and_what_is_behind_it() -> None:
    assert shown(hints(state_of("zoo")), UP) == [
        "weight f32[16, 8], bias f32[16]\n6 inputs of Zoo are made here:\n"
        "experts.{0..2}.up.weight: f32[16, 8] ×3\nexperts.{0..2}.up.bias: f32[16] ×3"
    ]


def test_the_hints_of_a_class_are_those_of_one_model() -> None:
    """Whichever was traced first; and where the user has chosen, that which was chosen."""
    zoo, wide = state_of("zoo"), other_model()
    assert "Wide" not in "".join(hint.tooltip for hint in hints(zoo))
    expert = TargetKey(str(PARTS), "Expert")
    for states in ((zoo, wide), (wide, zoo)):
        assert "of Wide are" in shown(hints(*states), UP)[0]  # by the name of its file it is the first
        chosen = hints(*states, contexts={expert: zoo.key})
        assert all("Wide" not in text for text in shown(chosen, UP))
        in_class = [hint.tooltip for hint in chosen if 18 <= hint.span.line <= 28]
        assert in_class and all("Zoo" in tooltip and "Wide" not in tooltip for tooltip in in_class)


def test_a_class_of_another_name_is_not_answered_by_a_model_that_only_shares_the_file() -> None:
    assert isinstance(state_of("zoo").map.modules[0], ModuleInstance)
    found = hints(state_of("zoo"), state_of("attend"), path=str(MODEL))
    assert {"Zoo", "attend"} <= {word for hint in found for word in ("Zoo", "attend") if word in hint.tooltip}
