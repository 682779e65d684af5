"""Every request: its handler for source documents, and the one for graphs.

A handler is imported at its first use: the first hover does not wait for the imports of all other features.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from lsprotocol import types as lsp

from aotlens.lsp.context import Context
from aotlens.lsp.methods import CORRESPONDENCE, MAP, REPORT, SLOTS
from aotlens.lsp.notebooks.answers import in_cells
from aotlens.lsp.notebooks.open_notebooks import CellPlace
from aotlens.lsp.notebooks.params import about_notebook, uri_of


@dataclass(frozen=True)
class Request:
    """The handlers of a request, as `file.function`; the files are beside this one. Each may be a coroutine function.

    `in_graph` answers in documents that show a graph, `in_log` in logs with a graph; None means that `in_source`
    answers there too. If `in_log` gives None, `in_source` is asked.
    """

    in_source: str
    in_graph: str | None = None
    in_log: str | None = None


HANDLERS = {
    lsp.TEXT_DOCUMENT_HOVER: Request("hover.in_source", "hover.in_graph", "logs.hover"),
    lsp.TEXT_DOCUMENT_CODE_LENS: Request("lens.in_source"),
    lsp.CODE_LENS_RESOLVE: Request("lens.resolve"),
    lsp.TEXT_DOCUMENT_DEFINITION: Request("definition.in_source", "definition.in_graph", "logs.definition"),
    lsp.TEXT_DOCUMENT_REFERENCES: Request("references.in_source", "references.in_graph"),
    lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: Request("highlight.in_source", "highlight.in_graph"),
    lsp.WORKSPACE_SYMBOL: Request("symbols.in_workspace"),
    lsp.TEXT_DOCUMENT_COMPLETION: Request("completion.in_source"),
    lsp.TEXT_DOCUMENT_SIGNATURE_HELP: Request("signature_help.in_source"),
    lsp.TEXT_DOCUMENT_INLAY_HINT: Request("inlay_hints.in_source"),
    lsp.TEXT_DOCUMENT_CODE_ACTION: Request("code_actions.in_source", in_log="logs.code_actions"),
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: Request("symbols.in_source", "symbols.in_graph", "logs.symbols"),
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: Request("folding.in_source", "folding.in_graph", "logs.folding"),
    lsp.TEXT_DOCUMENT_DOCUMENT_LINK: Request("logs.no_links", in_log="logs.links"),
    lsp.WORKSPACE_TEXT_DOCUMENT_CONTENT: Request("content.content"),
    lsp.TEXT_DOCUMENT_DIAGNOSTIC: Request("diagnostics.in_source"),
    SLOTS: Request("slots.slots"),
    MAP: Request("map.map"),
    REPORT: Request("map.report"),
    CORRESPONDENCE: Request("correspondence.correspondence"),
}


@cache
def handler(name: str) -> Callable[..., Any]:
    """Return the handler `file.function`; the first call imports the file."""
    file, _, function = name.partition(".")
    found: Callable[..., Any] = getattr(import_module(f"{__package__}.{file}"), function)
    return found


def answer(context: Context, method: str, params: Any) -> Any:
    """Answer a request: the answer, or a coroutine that gives it."""
    if not context.notebooks:
        return _answer(context, method, params)
    params, cell = about_notebook(context.notebooks, params)
    found = _answer(context, method, params)
    if isinstance(found, Awaitable):
        return _in_cells_later(context, found, cell)
    return in_cells(context.notebooks, found, cell)


async def _in_cells_later(context: Context, found: Awaitable[Any], cell: CellPlace | None) -> Any:
    """Wait for an answer. If the cell has changed its place meanwhile, what is new there counts."""
    answer = await found
    now = context.notebooks.cell(cell.uri) if cell is not None else None
    return in_cells(context.notebooks, answer, now or cell)


def _answer(context: Context, method: str, params: Any) -> Any:
    request = HANDLERS[method]
    uri = uri_of(params)
    document = context.documents.get(uri) if uri is not None else None
    if document is not None and not document.is_read:
        return _answer_once_read(context, method, params, document.path)
    if request.in_graph is not None and context.graphs.named(params.text_document.uri) is not None:
        return _answer_in_graph(context, handler(request.in_graph), params)
    if request.in_log is not None and context.logs.is_log(document):
        return _answer_in_log(context, request, params)
    return handler(request.in_source)(context, params)


async def _answer_once_read(context: Context, method: str, params: Any, path: str) -> Any:
    """Wait for a large document. Its text may have changed meanwhile."""
    await context.session.reading.document(path)
    return await _awaited(_answer(context, method, params))


async def _answer_in_graph(context: Context, handler: Callable[..., Any], params: Any) -> Any:
    from aotlens.lsp.graph_documents import graph_at

    graph = await graph_at(context, params.text_document.uri)
    if graph is None:
        return None
    return await _awaited(handler(context, graph, params))


async def _answer_in_log(context: Context, request: Request, params: Any) -> Any:
    from aotlens.lsp.log_documents import log_at

    log = await log_at(context, params.text_document.uri)
    if log is not None and request.in_log is not None:
        answer = await _awaited(handler(request.in_log)(context, log, params))
        if answer is not None:
            return answer
    return await _awaited(handler(request.in_source)(context, params))


async def _awaited(answer: Any) -> Any:
    return await answer if isinstance(answer, Awaitable) else answer
