"""What a client shows in ways of its own.

`aotlens/slots` is a view beside the text, `aotlens/map` a document; `aotlens/correspondence` says what belongs together
in a source and in the graphs that are shown, which the client highlights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from aotlens.features import correspondence, slots
from aotlens.lsp.commands import key_of, map_as_markdown
from aotlens.lsp.methods import CORRESPONDENCE, SLOTS
from aotlens.lsp.positions import from_position
from aotlens_tracer.wire.descriptor_map import Span

if TYPE_CHECKING:
    from aotlens.lsp.app import AotlensServer


async def slots_at(server: AotlensServer, params: Any) -> dict[str, Any] | None:
    """The view at a position; without its groups where the client says that it has them."""
    document = server.documents.get(_uri(params, SLOTS))
    if document is None:
        return None
    line, _ = from_position(document, _position(params, SLOTS), server.encoding)
    server.session.focus(document.path, line)
    view = slots.view(server.session.snapshot(), document, line)
    if view is None:
        return None
    answer = {
        "target": str(view.key),
        "title": view.title,
        "call": view.call,
        "state": view.state,
        "mark": view.mark,
    }
    if view.mark and params.get("known") == view.mark:
        return answer
    ranges = await server.places.ranges(dict.fromkeys(_spans(view.groups)))
    places = {span: {"uri": server.places.uri(span.path), "range": found} for span, found in ranges.items()}
    groups = [
        {
            "kind": group.kind,
            "title": group.title,
            "summary": group.summary,
            "rows": [_row(row, places) for row in group.rows],
        }
        for group in view.groups
    ]
    return {**answer, "groups": groups}


def map_of(server: AotlensServer, params: Any) -> dict[str, Any]:
    """The map of a target, as a document that the client shows itself."""
    target = params.get("target") if isinstance(params, dict) else None
    return {"markdown": map_as_markdown(server, key_of(target))}


async def correspondence_at(server: AotlensServer, params: Any) -> dict[str, Any] | None:
    """What belongs to a line of source in the graphs that are shown, or to a node of one of these."""
    uri, position = _uri(params, CORRESPONDENCE), _position(params, CORRESPONDENCE)
    snapshot, graphs = server.session.snapshot(), server.handlers.graphs
    if (graph := graphs.at(uri)) is not None:
        node = graph.node_at(position)
        if node is None:
            return None
        came = correspondence.origin(snapshot, graph.view, node)
        same = [one for one in graphs.shown() if one.view.state is graph.view.state]
        return {
            "backward": came is not None and came.backward,
            "sources": await server.places.locations(came.spans) if came is not None else [],
            "graphs": [one.runs(correspondence.nodes_with(one.view, node)) for one in same],
        }
    document = server.documents.get(uri)
    if document is None:
        return None
    line, _ = from_position(document, position, server.encoding)
    found = [(graph, correspondence.nodes_of_line(snapshot, graph.view, document, line)) for graph in graphs.shown()]
    return {"backward": False, "sources": [], "graphs": [graph.runs(nodes) for graph, nodes in found if nodes]}


def _row(row: slots.Row, places: Mapping[Span, Any]) -> dict[str, Any]:
    return {
        "label": row.label,
        "type": row.type,
        "nodes": row.nodes,
        "note": row.note,
        "concern": row.concern,
        "descriptor": row.descriptor,
        "location": places.get(row.place) if row.place is not None else None,
        "labels": row.labels,
        "members": [_row(member, places) for member in row.members],
    }


def _spans(groups: tuple[slots.Group, ...]) -> Iterator[Span]:
    for group in groups:
        for row in group.rows:
            for one in (row, *row.members):
                if one.place is not None:
                    yield one.place


def _uri(params: Any, method: str) -> str:
    try:
        uri = params["textDocument"]["uri"]
    except (TypeError, LookupError):
        uri = None
    if not isinstance(uri, str):
        raise JsonRpcInvalidParams(f"{method}: textDocument.uri has to be a string")
    return uri


def _position(params: Any, method: str) -> lsp.Position:
    try:
        line, character = params["position"]["line"], params["position"]["character"]
    except (TypeError, LookupError):
        line = character = None
    if not (isinstance(line, int) and isinstance(character, int) and line >= 0 and character >= 0):
        raise JsonRpcInvalidParams(f"{method}: position has to be one of LSP's")
    return lsp.Position(line, character)
