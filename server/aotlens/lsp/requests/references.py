"""`textDocument/references`."""

from __future__ import annotations

from functools import partial

from lsprotocol import types as lsp

from aotlens.features import references
from aotlens.lsp.context import Context
from aotlens.lsp.graph_documents import GraphDocument

from .beside import found
from .position import focused_position


async def in_source(context: Context, params: lsp.ReferenceParams) -> list[lsp.Location] | None:
    """The lines that use the parameter, buffer or module at a position."""
    if (place := focused_position(context, params)) is None:
        return None
    snapshot = context.session.snapshot()
    with_declaration = params.context.include_declaration
    find = partial(references.references, snapshot, *place, include_declaration=with_declaration)
    spans = await found(place[0], lambda: list(find()))
    return await context.places.locations(spans) or None


def in_graph(context: Context, graph: GraphDocument, params: lsp.ReferenceParams) -> list[lsp.Location] | None:
    """Every place of the document that names the node at a position."""
    uses = graph.view.uses(*graph.place(params.position))
    return [lsp.Location(graph.document.uri, graph.range(name)) for name in uses] or None
