"""Hovers of attributes that hold state which the call keeps, and of the lines that keep it."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from aotlens.explain.render.plain import plain
from aotlens.features.hover.hover import hover
from aotlens.features.slots import view
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, EagerRun, Graph, ModuleInstance, Span, Target
from aotlens_tracer.wire.eager_run import KeptState
from unit.explain.maps import desc, input_slot

PATH = "/net.py"
TEXT = """\
class Net(nn.Module):
    def __init__(self):
        self.aux_loss = None
        self.state = None
        self.total = 0

    def forward(self, x):
        self.aux_loss = self.router(x).mean()
        y, self.state = self.rnn(x, self.state)
        STATS["norm"] = y.norm()
        self.mean = 0.9 * self.mean + y.mean()
        return y
"""
SCALAR: tuple[str, tuple[int, ...]] = ("float32", ())


def kept(kind: str, name: str, line: int, *parameters: str, fate: str = "replaced", graph: bool = True) -> KeptState:
    place = Span(PATH, line, 9, line, 40)
    return KeptState(kind, name, place, graph, parameters, "new", *SCALAR, fate)  # type: ignore[arg-type]  # kinds


KEPT = (
    kept("attribute", "aux_loss", 8, "router.weight", "router.bias"),
    kept("item", "state[0]", 9, "rnn.weight", fate="read"),
    kept("item", "state[1]", 9, graph=False),
    kept("global", "STATS['norm']", 10, "rnn.weight"),
    kept("buffer", "mean", 11, "router.weight", fate="read"),
)


def world() -> tuple[Snapshot, Document]:
    """The text as an open document, and its map."""
    document = Document("file:///net.py", PATH, 1, TEXT)
    descriptor = desc("BufferAOTInput", "self.get_buffer('mean')", target="mean")
    graph = Graph("dynamo", (input_slot(0, descriptor, "mean", "float32", (4,)),), ())
    modules = (ModuleInstance("", "Net", PATH, 1),)
    run = EagerRun("fake", 0.1, kept=KEPT)
    map = DescriptorMap(Target(PATH, "Net", 1), "traced", "export", graphs=(graph,), modules=modules, eager_run=run)
    state = TargetState(TargetKey(PATH, "Net"), "traced", map, MappingProxyType({PATH: 1}))
    snapshot = Snapshot(MappingProxyType({PATH: document}), MappingProxyType({state.key: state}))
    return snapshot, document


def hover_at(line: int, text: str) -> str | None:
    """The hover of a word on a line, as plain text."""
    snapshot, document = world()
    found = hover(snapshot, document, line, document.line(line).index(text) + 1)
    return plain(found.blocks) if found is not None else None


@pytest.mark.parametrize("line", [3, 8])
def test_an_attribute_shows_what_is_kept_in_it_where_it_is_made_and_where_it_is_set(line: int) -> None:
    assert hover_at(line, "aux_loss") == (
        "kept state self.aux_loss of Net · f32[]\n\n"
        "kept at net.py:8 · with a graph that leads back to router.weight, router.bias · the next call replaces it"
    )


def test_an_attribute_shows_the_items_that_are_kept_in_it() -> None:
    assert hover_at(4, "state") == (
        "kept state self.state[0] of Net · f32[]\n\n"
        "kept at net.py:9 · with a graph that leads back to rnn.weight · the next call uses it\n\n"
        "self.state[1] · f32[]\n\n"
        "kept at net.py:9 · without a graph · the next call replaces it"
    )


def test_an_attribute_that_holds_nothing_says_nothing() -> None:
    assert hover_at(5, "total") is None


def test_a_line_shows_what_it_keeps() -> None:
    assert hover_at(10, "=") == "line of Net · keeps STATS['norm'], with a graph that leads back to rnn.weight"
    assert hover_at(9, "y,") == (
        "line of Net · keeps self.state[0], self.state[1], with a graph that leads back to rnn.weight"
    )


def test_a_buffer_says_that_it_is_replaced_and_with_which_graph() -> None:
    text = hover_at(11, "mean")
    assert text is not None and text.startswith("buffer mean of Net")
    assert "kept at net.py:11 · with a graph that leads back to router.weight · the next call uses it" in text


def test_the_tree_notes_a_buffer_that_is_replaced() -> None:
    snapshot, document = world()
    shown = view(snapshot, document, 8)
    assert shown is not None
    assert [row.note for group in shown.groups for row in group.rows] == ["replaced"]
