"""Memory that views keep alive in eager, in words: what holds it, and what would free it."""

from __future__ import annotations

from dataclasses import replace

from aotlens.explain.blocks import Facts
from aotlens.explain.graph_summary import map_in_words
from aotlens.explain.held import advice, held_as_whole, held_by_views
from aotlens.explain.render.plain import plain
from aotlens.model.held import allocated_at, surplus, viewed_at
from aotlens_tracer.wire.descriptor_map import EagerMemory, HeldStorage, Span, TakenView

from .maps import map_of, two_outputs

VIEW = TakenView("h[:, -1]", Span("m.py", 17), False)
STORAGE = HeldStorage("lin(x)", Span("m.py", 16), 51200, 512, (VIEW,), False)
GRAPH = replace(two_outputs(), eager_memory=EagerMemory("fake", 512, 51200, 24, (STORAGE,)))


def test_a_copy_is_the_advice_if_it_helps() -> None:
    assert advice(STORAGE) == "h[:, -1].clone() would free 49.5 KiB"
    assert advice(replace(STORAGE, returned=True)) == "the result keeps it alive too"
    assert advice(replace(STORAGE, views=(replace(VIEW, is_inside=True),))) == ""
    assert advice(replace(STORAGE, views=())) == ""


def test_both_lines_say_it() -> None:
    assert list(viewed_at((GRAPH,), "m.py", [17])) == [STORAGE] == list(allocated_at((GRAPH,), "m.py", [16]))
    assert list(viewed_at((GRAPH,), "m.py", [16])) == [] == list(allocated_at((GRAPH,), "m.py", [17]))
    assert "keeps 50.0 KiB alive in eager" in plain([Facts((held_by_views(STORAGE),))])
    assert "50.0 KiB kept alive in eager" in plain([Facts((held_as_whole(STORAGE),))])


def test_the_lens_says_it_if_it_is_more_than_is_saved() -> None:
    assert map_in_words(map_of(GRAPH)).endswith("saved for backward, 50.0 KiB kept alive in eager")
    assert surplus(replace(GRAPH, eager_memory=EagerMemory("fake", 512, 512, 24))) is None
