"""Every request: its handler for source documents, and the one for graphs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lsprotocol import types as lsp

from aotlens.lsp.context import Context
from aotlens.lsp.graph_documents import GraphDocument, graph_at
from aotlens.lsp.methods import CORRESPONDENCE, MAP, SLOTS

from . import (
    code_actions,
    completion,
    content,
    correspondence,
    definition,
    diagnostics,
    folding,
    highlight,
    hover,
    inlay_hints,
    lens,
    map,
    references,
    slots,
    symbols,
)


@dataclass(frozen=True)
class Request:
    """The handlers of a request. Each may be a coroutine function.

    `in_graph` answers in documents that show a graph; None means that `in_source` answers in all documents.
    """

    in_source: Callable[[Context, Any], Any]
    in_graph: Callable[[Context, GraphDocument, Any], Any] | None = None


HANDLERS = {
    lsp.TEXT_DOCUMENT_HOVER: Request(hover.in_source, hover.in_graph),
    lsp.TEXT_DOCUMENT_CODE_LENS: Request(lens.in_source),
    lsp.CODE_LENS_RESOLVE: Request(lens.resolve),
    lsp.TEXT_DOCUMENT_DEFINITION: Request(definition.in_source, definition.in_graph),
    lsp.TEXT_DOCUMENT_REFERENCES: Request(references.in_source, references.in_graph),
    lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: Request(highlight.in_source, highlight.in_graph),
    lsp.WORKSPACE_SYMBOL: Request(symbols.in_workspace),
    lsp.TEXT_DOCUMENT_COMPLETION: Request(completion.in_source),
    lsp.TEXT_DOCUMENT_INLAY_HINT: Request(inlay_hints.in_source),
    lsp.TEXT_DOCUMENT_CODE_ACTION: Request(code_actions.in_source),
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: Request(symbols.in_source, symbols.in_graph),
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: Request(folding.in_source, folding.in_graph),
    lsp.WORKSPACE_TEXT_DOCUMENT_CONTENT: Request(content.content),
    lsp.TEXT_DOCUMENT_DIAGNOSTIC: Request(diagnostics.in_source),
    SLOTS: Request(slots.slots),
    MAP: Request(map.map),
    CORRESPONDENCE: Request(correspondence.correspondence),
}


def answer(context: Context, method: str, params: Any) -> Any:
    """Answer a request: the answer, or a coroutine that gives it."""
    request = HANDLERS[method]
    if request.in_graph is not None and context.graphs.named(params.text_document.uri) is not None:
        return _answer_in_graph(context, request.in_graph, params)
    return request.in_source(context, params)


async def _answer_in_graph(context: Context, handler: Callable[[Context, GraphDocument, Any], Any], params: Any) -> Any:
    graph = await graph_at(context, params.text_document.uri)
    if graph is None:
        return None
    answer = handler(context, graph, params)
    return await answer if isinstance(answer, Awaitable) else answer
