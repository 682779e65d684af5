"""`workspace/symbol` and `textDocument/documentSymbol`."""

from __future__ import annotations

from lsprotocol import types as lsp

from aotlens.explain.visible import visible_line
from aotlens.features import symbols
from aotlens.lsp.context import Context
from aotlens.lsp.graph_documents import GraphDocument

_KINDS = {"parameter": lsp.SymbolKind.Field, "buffer": lsp.SymbolKind.Property}


async def in_workspace(context: Context, params: lsp.WorkspaceSymbolParams) -> list[lsp.SymbolInformation]:
    """The parameters and buffers whose names match a query."""
    found = symbols.workspace_symbols(context.session.snapshot(), params.query)
    ranges = await context.places.ranges(symbol.span for symbol in found)
    return [
        lsp.SymbolInformation(
            location=lsp.Location(context.places.uri(symbol.span.path), ranges[symbol.span]),
            name=visible_line(symbol.name),
            kind=_KINDS[symbol.kind],
            container_name=visible_line(f"{symbol.container} {symbol.detail}"),
        )
        for symbol in found
        if symbol.span in ranges
    ]


def in_source(context: Context, params: lsp.DocumentSymbolParams) -> None:
    """Nothing: other servers know the symbols of Python files."""


def in_graph(context: Context, graph: GraphDocument, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    """The blocks of a graph, nested."""
    roots: list[lsp.DocumentSymbol] = []
    around: list[tuple[int, list[lsp.DocumentSymbol]]] = []
    for block in graph.view.text.blocks:
        start, end = lsp.Position(block.first - 1, 0), lsp.Position(block.last, 0)
        kind = lsp.SymbolKind.Module if block.module is not None else lsp.SymbolKind.Namespace
        kind = lsp.SymbolKind.Function if block.role is not None else kind
        inner: list[lsp.DocumentSymbol] = []
        symbol = lsp.DocumentSymbol(
            block.title,
            kind,
            lsp.Range(start, end),
            lsp.Range(start, start),
            block.role or block.module,
            children=inner,
        )
        while around and around[-1][0] < block.first:
            around.pop()
        (around[-1][1] if around else roots).append(symbol)
        around.append((block.last, inner))
    return roots
