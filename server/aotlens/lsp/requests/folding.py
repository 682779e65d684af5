"""`textDocument/foldingRange`."""

from __future__ import annotations

from lsprotocol import types as lsp

from aotlens.lsp.context import Context
from aotlens.lsp.graph_documents import GraphDocument


def in_source(context: Context, params: lsp.FoldingRangeParams) -> None:
    """Nothing: editors fold Python themselves."""


def in_graph(context: Context, graph: GraphDocument, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
    """The blocks of a graph."""
    blocks = graph.view.text.blocks
    return [lsp.FoldingRange(block.first - 1, block.last - 1) for block in blocks if block.last > block.first]
