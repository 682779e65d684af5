"""`workspace/textDocumentContent`: the text of a graph, or the copy of a log with its names."""

from __future__ import annotations

from lsprotocol import types as lsp

from aotlens.lsp import graph_documents
from aotlens.lsp.context import Context


async def content(context: Context, params: lsp.TextDocumentContentParams) -> lsp.TextDocumentContentResult:
    """The text that a URI names."""
    copy = context.logs.copy(params.uri)
    if copy is not None:
        return lsp.TextDocumentContentResult(copy)
    return lsp.TextDocumentContentResult(await graph_documents.content(context, params.uri))
