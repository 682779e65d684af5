"""`workspace/textDocumentContent`: the text of a graph."""

from __future__ import annotations

from lsprotocol import types as lsp

from aotlens.lsp import graph_documents
from aotlens.lsp.context import Context


async def content(context: Context, params: lsp.TextDocumentContentParams) -> lsp.TextDocumentContentResult:
    """The text of the graph that a URI names."""
    return lsp.TextDocumentContentResult(await graph_documents.content(context, params.uri))
