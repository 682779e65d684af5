"""The requests about documents that show a log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from lsprotocol import types as lsp

from aotlens.explain import action_titles
from aotlens.features.definition import Link
from aotlens.features.fixes.action import command
from aotlens.features.logs import definition as definitions
from aotlens.features.logs import hover as hovers
from aotlens.features.logs.links import links as links_in
from aotlens.features.logs.matched import named_by_models
from aotlens.features.logs.outline import Item, folds, outline
from aotlens.lsp.capabilities import nests_symbols, takes_action_literals, takes_links
from aotlens.lsp.context import Context
from aotlens.lsp.log_documents import LogDocument

from .hover import command_links, content

_KINDS = {
    "rank": lsp.SymbolKind.Namespace,
    "compile": lsp.SymbolKind.Module,
    "graph": lsp.SymbolKind.Function,
    "input": lsp.SymbolKind.Variable,
}


def hover(context: Context, log: LogDocument, params: lsp.HoverParams) -> lsp.Hover | None:
    """The value at a position of a log."""
    found = hovers.hover(context.session.snapshot(), log.view, *log.place(params.position))
    if found is None:
        return None
    address = context.places.address if context.offers.links else None
    links = command_links(found) if address is not None else ""
    return lsp.Hover(content(context, found.blocks, address, links), log.range_of(found.span))


async def definition(
    context: Context, log: LogDocument, params: lsp.DefinitionParams
) -> list[lsp.LocationLink] | list[lsp.Location] | None:
    """The places that a position of a log leads to."""
    found = definitions.definition(context.session.snapshot(), log.view, *log.place(params.position))
    if not takes_links(context.capabilities):
        return await context.places.locations(link.target for link in found) or None
    return await _links(context, log, found) or None


async def _links(context: Context, log: LogDocument, found: Iterable[Link]) -> list[lsp.LocationLink]:
    ranges = await context.places.ranges(link.target for link in found)
    return [
        lsp.LocationLink(
            context.places.uri(link.target.path),
            ranges[link.target],
            ranges[link.target],
            log.range_of(link.origin),
        )
        for link in found
        if link.target in ranges
    ]


async def symbols(
    context: Context, log: LogDocument, params: lsp.DocumentSymbolParams
) -> list[lsp.DocumentSymbol] | list[lsp.SymbolInformation]:
    """The ranks, compiles, graphs and inputs of a log, nested if the client shows that."""
    snapshot, names = context.session.snapshot(), log.view.names
    items = await asyncio.get_running_loop().run_in_executor(None, lambda: outline(named_by_models(snapshot, names)))
    if nests_symbols(context.capabilities):
        return [_symbol(log, item) for item in items]
    return list(_flat(log, items, None))


def _symbol(log: LogDocument, item: Item) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        item.name,
        _KINDS[item.kind],
        log.lines(item.first, item.last),
        log.lines(item.first, item.first),
        item.detail or None,
        children=[_symbol(log, child) for child in item.children],
    )


def _flat(log: LogDocument, items: Iterable[Item], around: str | None) -> Iterable[lsp.SymbolInformation]:
    for item in items:
        place = lsp.Location(log.document.uri, log.lines(item.first, item.last))
        yield lsp.SymbolInformation(place, item.name, _KINDS[item.kind], container_name=around)
        yield from _flat(log, item.children, item.name)


def folding(context: Context, log: LogDocument, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
    """The graphs of a log."""
    return [lsp.FoldingRange(first - 1, last - 1) for first, last in folds(log.view.names)]


def links(context: Context, log: LogDocument, params: lsp.DocumentLinkParams) -> list[lsp.DocumentLink]:
    """The lines of source that a log names, as links to the files here."""
    return [
        lsp.DocumentLink(
            log.range_of(link.origin), f"{context.places.uri(link.target.path)}#L{link.target.line}", link.tooltip
        )
        for link in links_in(log.view)
    ]


def no_links(context: Context, params: lsp.DocumentLinkParams) -> None:
    """Nothing: only logs have links."""


def code_actions(
    context: Context, log: LogDocument, params: lsp.CodeActionParams
) -> list[lsp.CodeAction | lsp.Command] | None:
    """Write the names beside the numbers of a log: in the log itself, or in a copy."""
    if not log.view.names.graphs:
        return None
    only = params.context.only
    if only and not any(not kind or "refactor.rewrite.".startswith(f"{kind}.") for kind in only):
        return None
    given = ((action_titles.WRITE_NAMES, "aotlens.writeNames"), (action_titles.DECODE_LOG, "aotlens.decodeLog"))
    found: list[lsp.CodeAction | lsp.Command] = []
    for title, name in given[1:] if log.view.is_trace else given:
        action = command(title, name, log.document.uri)
        run = lsp.Command(title, name, None, list(action.arguments))
        if takes_action_literals(context.capabilities):
            found.append(lsp.CodeAction(title, lsp.CodeActionKind.RefactorRewrite, command=run))
        else:
            found.append(run)
    return found
