"""Texts of graphs are kept while they are shown, and some more; of what was closed, only those of today's maps."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from aotlens.explain.graph_lines import GraphText
from aotlens.explain.graph_text import graph_text
from aotlens.lsp import graph_documents
from aotlens.lsp.graphs.texts import KEPT, GraphTexts
from aotlens.lsp.graphs.uris import GraphName, uri_of
from aotlens.model.snapshot import OtherMap, Snapshot, TargetKey, TargetState
from aotlens.text.documents import Documents
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from unit.features.world import load_map

MAP = load_map("decoder")
TEXT = graph_text(MAP, "joint")


def name(number: int) -> GraphName:
    return GraphName(TargetKey("/model.py", f"Net{number}"), "joint")


def another_map() -> DescriptorMap:
    """An equal map that is not the same."""
    return replace(MAP)


def test_a_text_is_that_of_one_map() -> None:
    texts = GraphTexts()
    texts.keep(name(0), MAP, TEXT)
    assert texts.get(name(0), MAP) is TEXT
    assert texts.get(name(0), another_map()) is None
    assert texts.get(name(1), MAP) is None


def test_contents_that_no_document_shows_are_bounded() -> None:
    texts = GraphTexts()
    texts.opened(uri_of(name(0)))
    for number in range(3 * KEPT):
        texts.keep(name(number), MAP, TEXT)
    kept = [number for number in range(3 * KEPT) if texts.get(name(number), MAP) is not None]
    assert kept == [0, *range(2 * KEPT, 3 * KEPT)]


def test_the_map_of_a_closed_document_is_dropped_once_there_is_another() -> None:
    texts, map, uri, key = GraphTexts(), another_map(), uri_of(name(0)), name(0).key
    gone = weakref.ref(map)
    texts.opened(uri)
    texts.keep(name(0), map, TEXT)
    texts.outdated({key: TargetState(key, map=map)})
    texts.closed(uri)
    texts.drop_outdated({key: TargetState(key, map=map)})
    assert texts.get(name(0), map) is TEXT  # it may be opened again
    texts.drop_outdated({key: TargetState(key, map=MAP)})
    del map
    gc.collect()
    assert gone() is None


def test_the_map_of_a_closed_document_is_dropped_with_its_target() -> None:
    texts = GraphTexts()
    texts.keep(name(0), MAP, TEXT)
    texts.drop_outdated({})
    assert texts.get(name(0), MAP) is None


def test_an_open_document_keeps_its_text_after_a_new_trace() -> None:
    """The client compares nothing: the document shows the graph of before until it has the new content."""
    texts, key = GraphTexts(), name(0).key
    texts.opened(uri_of(name(0)))
    texts.keep(name(0), MAP, TEXT)
    texts.drop_outdated({key: TargetState(key, map=another_map())})
    assert texts.get(name(0), MAP) is TEXT


def test_the_closed_documents_are_bounded_too() -> None:
    texts = GraphTexts()
    for number in range(3 * KEPT):
        texts.opened(uri_of(name(number)))
        texts.keep(name(number), MAP, TEXT)
    for number in range(3 * KEPT):
        texts.closed(uri_of(name(number)))
    kept = [number for number in range(3 * KEPT) if texts.get(name(number), MAP) is not None]
    assert kept == list(range(2 * KEPT, 3 * KEPT))


def test_a_text_stays_while_another_document_shows_it() -> None:
    texts, uri = GraphTexts(), uri_of(name(0))
    texts.wrote(name(0), "/tmp/Net0.joint.graph", "export")
    texts.opened(uri)
    texts.opened("file:///tmp/Net0.joint.graph")
    texts.keep(name(0), MAP, TEXT)
    texts.closed(uri)
    texts.drop_outdated({})
    assert texts.get(name(0), MAP) is TEXT
    texts.closed("file:///tmp/Net0.joint.graph")
    texts.drop_outdated({})
    assert texts.get(name(0), MAP) is None


def test_open_documents_are_outdated_once_for_each_new_map() -> None:
    texts, uri, key = GraphTexts(), uri_of(name(0)), name(0).key
    texts.keep(name(0), MAP, TEXT)
    texts.opened(uri)
    assert texts.outdated({key: TargetState(key, map=MAP)}) == []
    new = {key: TargetState(key, map=another_map())}
    assert texts.outdated(new) == [uri]
    assert texts.outdated(new) == []
    texts.closed(uri)
    assert texts.outdated({key: TargetState(key, map=another_map())}) == []


def test_graphs_are_made_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """In all documents: those whose content the client asks for, and files whose target was traced again."""
    threads = []

    def make(*arguments: Any) -> GraphText:
        threads.append(threading.get_ident())
        return TEXT

    monkeypatch.setattr(graph_documents, "graph_text", make)
    graph, state = name(0), TargetState(name(0).key, map=MAP)
    snapshot = Snapshot({}, {graph.key: state})
    context: Any = SimpleNamespace(
        session=SimpleNamespace(snapshot=lambda: snapshot), graphs=GraphTexts(), documents=Documents(), encoding="utf-8"
    )

    async def ask() -> None:
        assert await graph_documents.content(context, uri_of(graph)) == TEXT.text
        assert await graph_documents.content(context, uri_of(graph)) == TEXT.text
        context.graphs.drop_outdated({})
        context.graphs.wrote(graph, "/tmp/Net0.joint.graph", "export")
        shown = await graph_documents.graph_at(context, "file:///tmp/Net0.joint.graph")
        assert shown is not None and shown.view.text is TEXT

    asyncio.run(ask())
    assert len(threads) == 2 and threading.get_ident() not in threads


def test_a_file_keeps_the_convention_in_which_it_was_written() -> None:
    """The document of a client that asks for contents shows the convention of the target instead."""
    graph, compiled = name(0), load_map("llama_compile")
    state = TargetState(graph.key, map=MAP, other=OtherMap(compiled))
    snapshot = Snapshot({}, {graph.key: state})
    context: Any = SimpleNamespace(
        session=SimpleNamespace(snapshot=lambda: snapshot), graphs=GraphTexts(), documents=Documents(), encoding="utf-8"
    )
    context.graphs.wrote(graph, "/tmp/Net0.compile.joint.graph", "compile")

    async def ask() -> list[str]:
        shown = [
            await graph_documents.graph_at(context, uri)
            for uri in ("file:///tmp/Net0.compile.joint.graph", uri_of(graph))
        ]
        return [one.view.text.text.partition(":")[0] for one in shown if one is not None]

    assert asyncio.run(ask())[0] == "# joint graph of Llama, torch.compile's numbering"
