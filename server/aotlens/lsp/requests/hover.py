"""`textDocument/hover`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lsprotocol import types as lsp

from aotlens.explain.blocks import Block, Note, line
from aotlens.explain.conventions import graphs_in_words
from aotlens.explain.render.markdown import Address, markdown
from aotlens.explain.render.plain import plain
from aotlens.features.hover import hover
from aotlens.lsp.capabilities import understands_markdown
from aotlens.lsp.context import Context
from aotlens.lsp.positions import to_range
from aotlens.model.snapshot import TargetKey
from aotlens.text.documents import Document

from .beside import answered
from .position import focused_position

if TYPE_CHECKING:
    from aotlens.lsp.graph_documents import GraphDocument

Answer = lsp.Hover | None


def in_source(context: Context, params: lsp.HoverParams) -> Answer | Awaitable[Answer]:
    """The descriptors at a position of a source."""
    if (place := focused_position(context, params)) is None:
        return _left_out(context) if context.documents.is_too_large(params.text_document.uri) else None
    document, line, column = place
    if document.is_unread:
        return _unread(context)
    find = partial(hover.hover, context.session.snapshot(), document, line, column)
    return answered(document, find, partial(_hover, context, document))


def _hover(context: Context, document: Document, found: hover.Hover | None) -> Answer:
    address = context.places.address if context.offers.links else None
    if found is None:
        return None
    if found.wants is not None:
        context.session.conventions.want_both([found.wants])
    links = command_links(found) if address is not None else ""
    return lsp.Hover(content(context, found.blocks, address, links), to_range(document, found.span, context.encoding))


def _left_out(context: Context) -> lsp.Hover:
    from aotlens.explain.large_files import too_large

    return lsp.Hover(content(context, [Note(line(too_large()))]))


def _unread(context: Context) -> lsp.Hover:
    from aotlens.explain.large_files import too_slow

    return lsp.Hover(content(context, [Note(line(too_slow()))]))


def in_graph(context: Context, graph: GraphDocument, params: lsp.HoverParams) -> lsp.Hover | None:
    """The node at a position of a graph."""
    found = graph.view.hover(*graph.place(params.position))
    if found is None:
        return None
    blocks, name = found
    return lsp.Hover(content(context, blocks), graph.range(name))


def content(
    context: Context, blocks: Sequence[Block], address: Address | None = None, links: str = ""
) -> lsp.MarkupContent:
    """The blocks in Markdown, with `links` below them; in plain text for clients that show no Markdown."""
    if understands_markdown(context.capabilities):
        return lsp.MarkupContent(lsp.MarkupKind.Markdown, markdown(blocks, address) + links)
    return lsp.MarkupContent(lsp.MarkupKind.PlainText, plain(blocks))


def command_links(found: hover.Hover) -> str:
    """The last line of a hover: links to commands, as editors that take such links write them."""
    links = [_command_link("Show the map", "aotlens.showMap", str(found.key))] if found.key is not None else []
    if found.key is not None and found.labels:
        descriptors = "descriptors" if len(found.labels) > 1 else "descriptor"
        links.append(_command_link(f"Copy the {descriptors}", "aotlens.copyExpression", str(found.key), found.labels))
    if found.passing is not None:
        links.append(_passing_link(*found.passing))
    for key, convention in found.untraced:
        title = f"Trace {graphs_in_words(convention)}"
        links.append(_command_link(title, "aotlens.traceNow", str(key), convention))
    return "\n\n---\n\n" + " · ".join(links) if links else ""


def _passing_link(key: TargetKey, argument: str, is_passed: bool) -> str:
    from aotlens.explain import action_titles  # of things in maps: the first hover does not wait for it

    if is_passed:
        return _command_link(action_titles.trace_with(argument, key.qualname), "aotlens.traceWith", str(key), argument)
    title = action_titles.trace_without(argument, key.qualname)
    return _command_link(title, "aotlens.traceWithout", str(key), argument)


def _command_link(title: str, command: str, *arguments: Any) -> str:
    return f"[{title}](command:{command}?{quote(json.dumps(arguments))})"
