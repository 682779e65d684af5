"""`aotlens/correspondence`: the lines of graphs and sources that belong together, for the client to highlight."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as lsp

from aotlens.features import correspondence as feature
from aotlens.lsp.context import Context
from aotlens.lsp.graph_documents import GraphDocument, graph_at, shown_graphs
from aotlens.lsp.methods import CORRESPONDENCE
from aotlens.lsp.positions import from_position
from aotlens_tracer.wire.places import Span

from .position import position_in, uri_in


async def correspondence(context: Context, params: Any) -> dict[str, Any] | None:
    """The lines that belong to a line of source, or to a node of a graph; None if there are none."""
    uri, position = uri_in(params, CORRESPONDENCE), position_in(params, CORRESPONDENCE)
    graph = await graph_at(context, uri)
    if graph is not None:
        return await _of_node(context, graph, position)
    return await _of_line(context, uri, position)


async def _of_node(context: Context, graph: GraphDocument, position: lsp.Position) -> dict[str, Any] | None:
    node = feature.node_at(graph.view, *graph.place(position))
    if node is None:
        return None
    origin = feature.origin(context.session.snapshot(), graph.view, node)
    same = [one for one in await shown_graphs(context) if one.view.state.map is graph.view.state.map]
    return {
        "backward": origin is not None and origin.backward,
        "sources": await context.places.locations(origin.spans) if origin is not None else [],
        "graphs": [_runs(one, feature.nodes_with(one.view, node)) for one in same],
    }


async def _of_line(context: Context, uri: str, position: lsp.Position) -> dict[str, Any] | None:
    graphs = await shown_graphs(context)
    document = context.documents.get(uri)
    if document is None:
        return None
    line, _ = from_position(document, position, context.encoding)
    snapshot = context.session.snapshot()
    found = [(graph, feature.nodes_of_line(snapshot, graph.view, document, line)) for graph in graphs]
    return {"backward": False, "sources": [], "graphs": [_runs(graph, nodes) for graph, nodes in found if nodes]}


def _runs(graph: GraphDocument, nodes: feature.Nodes) -> dict[str, Any]:
    """The ranges of some nodes of a graph. Lines that follow each other are one range."""
    found: dict[bool, list[lsp.Range]] = {False: [], True: []}
    for run in feature.runs(graph.view.text, nodes):
        text = graph.document.line(run.first)
        span = Span(graph.document.path, run.first, len(text) - len(text.lstrip()) + 1, run.last)
        found[run.backward].append(graph.range_of(span))
    return {"uri": graph.document.uri, "forward": found[False], "backward": found[True]}
