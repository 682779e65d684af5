"""`textDocument/documentHighlight`."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial

from lsprotocol import types as lsp

from aotlens.features import highlight
from aotlens.lsp.context import Context
from aotlens.lsp.graph_documents import GraphDocument
from aotlens.lsp.positions import to_range

from .beside import answered
from .position import focused_position

_KINDS = {True: lsp.DocumentHighlightKind.Write, False: lsp.DocumentHighlightKind.Read}
"""Keys: whether the place is a definition."""

Answer = list[lsp.DocumentHighlight] | None


def in_source(context: Context, params: lsp.DocumentHighlightParams) -> Answer | Awaitable[Answer]:
    """The places of the document that have to do with the parameter, buffer or module at a position."""
    if (place := focused_position(context, params)) is None:
        return None
    document, line, column = place
    find = partial(highlight.highlight, context.session.snapshot(), document, line, column)

    def answer(found: Sequence[highlight.Highlight]) -> Answer:
        return [
            lsp.DocumentHighlight(to_range(document, item.span, context.encoding), _KINDS[item.is_write])
            for item in found
        ] or None

    return answered(document, lambda: list(find()), answer)


def in_graph(
    context: Context, graph: GraphDocument, params: lsp.DocumentHighlightParams
) -> list[lsp.DocumentHighlight] | None:
    """Every place of the document that names the node at a position."""
    definitions = graph.view.text.definitions
    return [
        lsp.DocumentHighlight(graph.range(name), _KINDS[definitions.get(name.node) == name.line])
        for name in graph.view.uses(*graph.place(params.position))
    ] or None
