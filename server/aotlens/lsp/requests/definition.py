"""`textDocument/definition`: links if the client takes them, else locations."""

from __future__ import annotations

from functools import partial

from lsprotocol import types as lsp

from aotlens.features import definition
from aotlens.lsp.capabilities import takes_links
from aotlens.lsp.context import Context
from aotlens.lsp.graph_documents import GraphDocument
from aotlens.lsp.positions import to_range

from .beside import found
from .position import focused_position

Answer = list[lsp.LocationLink] | list[lsp.Location] | None


async def in_source(context: Context, params: lsp.DefinitionParams) -> Answer:
    """The places that created the parameter, buffer or module at a position."""
    if (place := focused_position(context, params)) is None:
        return None
    document, line, column = place
    links = await found(document, partial(definition.definition, context.session.snapshot(), document, line, column))
    if not links:
        return None
    if not takes_links(context.capabilities):
        return await context.places.locations(link.target for link in links)
    ranges = await context.places.ranges(link.target for link in links)
    return [
        lsp.LocationLink(
            context.places.uri(link.target.path),
            ranges[link.target],
            ranges[link.target],
            to_range(document, link.origin, context.encoding),
        )
        for link in links
        if link.target in ranges
    ]


async def in_graph(context: Context, graph: GraphDocument, params: lsp.DefinitionParams) -> Answer:
    """The line that defines the node at a position; on that line, the source of the node."""
    line, column = graph.place(params.position)
    defined = graph.view.definition_line(line, column)
    if defined is not None:
        name = next(name for name in graph.view.text.names if name.line == defined)
        places = [lsp.Location(graph.document.uri, graph.range(name))]
    else:
        spans = graph.view.sources(context.session.snapshot(), line, column)
        places = await context.places.locations(spans)
    if not takes_links(context.capabilities):
        return places or None
    return [lsp.LocationLink(place.uri, place.range, place.range) for place in places] or None
