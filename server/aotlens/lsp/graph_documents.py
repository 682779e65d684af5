"""Graphs as read-only documents: their text, and the graph that a document shows.

A client that asks for the content of such documents gets it (`workspace/textDocumentContent`); for others it is written
to a file. Texts are made in threads, beside the event loop.
"""

from __future__ import annotations

import asyncio

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from aotlens.explain.graph_lines import GraphText, Kind, Name
from aotlens.explain.graph_text import NoSuchGraph, graph_text
from aotlens.features.graph_view import GraphView, prepare
from aotlens.lsp.capabilities import asks_for_content
from aotlens.lsp.context import Context
from aotlens.lsp.positions import from_position, to_range
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Span

from .graphs.uris import SUFFIX, GraphName, parse_uri, uri_of
from .sources import SourcesNow


class GraphDocument:
    """A graph and the document that shows it. The document differs from the text of the graph in comments only."""

    def __init__(self, context: Context, view: GraphView, document: Document) -> None:
        self.view = view
        self.document = document
        self._encoding = context.encoding

    def place(self, position: lsp.Position) -> tuple[int, int]:
        """The line and column of a position."""
        return from_position(self.document, position, self._encoding)

    def range(self, name: Name) -> lsp.Range:
        """The range of a name."""
        return self.range_of(Span(self.document.path, name.line, name.column, name.line, name.end_column))

    def range_of(self, span: Span) -> lsp.Range:
        """The range of a span of the document."""
        return to_range(self.document, span, self._encoding)


async def content(context: Context, uri: str) -> str:
    """The text of the graph that a URI names. Raises InvalidParams, with the reason, if there is none."""
    graph = parse_uri(uri)
    if graph is None:
        raise JsonRpcInvalidParams(f"{uri} names no graph")
    return (await _text(context, graph)).text


async def show(context: Context, key: TargetKey, kind: Kind) -> tuple[str, GraphText]:
    """The URI of a graph that the client can open, and its text. Raises InvalidParams.

    The URI is that of a file if the client does not ask for contents.
    """
    graph = GraphName(key, kind)
    text = await _text(context, graph)
    if asks_for_content(context.capabilities):
        return uri_of(graph), text
    convention = context.session.snapshot().states[key].convention
    marked = f"{key.qualname}.{kind}" if convention == "export" else f"{key.qualname}.{convention}.{kind}"
    loop, name = asyncio.get_running_loop(), marked + SUFFIX
    path = await loop.run_in_executor(None, context.files.write, key.path, name, text.text)
    context.graphs.wrote(graph, path, convention)
    return context.documents.uri_of(path), text


async def graph_at(context: Context, uri: str) -> GraphDocument | None:
    """The graph that a document shows; None for any other document.

    None also if its target was traced again since, and the document still shows the graph of before. The client asks
    for the new text of a document; a file keeps its text, and counts as long as it has as many lines as the new text.
    A file also keeps its convention, when the target shows the other one.
    """
    graph, convention = context.graphs.named(uri), context.graphs.convention_of(uri)
    state = context.session.snapshot().states.get(graph.key) if graph is not None else None
    if state is not None and convention is not None:
        state = state.shown_in(convention)
    if graph is None or state is None or state.map is None:
        return None
    text = context.graphs.get(graph, state.map)
    # The text of a closed document is dropped in time, and a client may open it again without asking for its content.
    if text is None and (context.graphs.is_file(uri) or not context.graphs.knows(graph)):
        try:
            text = await _make(context, graph, state, state.map)
        except NoSuchGraph:
            return None
    if text is None:
        return None
    document = context.documents.get(uri) or Document(uri, uri, 0, text.text)
    if document.line_count != text.text.count("\n") + 1:
        return None
    return GraphDocument(context, GraphView(state, graph.kind, text), document)


async def shown_graphs(context: Context) -> list[GraphDocument]:
    """The graphs of the open documents."""
    found = [await graph_at(context, uri) for uri in context.graphs.open_documents()]
    return [graph for graph in found if graph is not None]


async def _text(context: Context, graph: GraphName) -> GraphText:
    state = context.session.snapshot().states.get(graph.key)
    if state is None or state.map is None:
        raise JsonRpcInvalidParams(f"{graph.key.qualname} has no map yet")
    text = context.graphs.get(graph, state.map)
    if text is not None:
        context.graphs.keep(graph, state.map, text)  # as the latest that was used
        return text
    try:
        return await _make(context, graph, state, state.map)
    except NoSuchGraph as error:
        raise JsonRpcInvalidParams(str(error)) from None


async def _make(context: Context, graph: GraphName, state: TargetState, map: DescriptorMap) -> GraphText:
    """Make the text of a graph, in a thread, and keep it. Raises NoSuchGraph."""
    snapshot, loop = context.session.snapshot(), asyncio.get_running_loop()
    text = await loop.run_in_executor(None, _made, snapshot, state, map, graph.kind)
    context.graphs.keep(graph, map, text)
    return text


def _made(snapshot: Snapshot, state: TargetState, map: DescriptorMap, kind: Kind) -> GraphText:
    text = graph_text(map, kind, SourcesNow(snapshot, state).code)
    prepare(map, text)
    return text
