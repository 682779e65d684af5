"""Graphs as read-only documents: their URIs, their text, and the features inside them.

`aotlens:/joint/home/ada/model.py/Block.graph` is the joint graph of `/home/ada/model.py::Block`. A client that asks for
the content of such documents gets it (`workspace/textDocumentContent`); for others it is written to a file.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from aotlens.explain.graph_text import KINDS, GraphText, Kind, Name, NoSuchGraph, graph_text
from aotlens.features import correspondence
from aotlens.features.graph_view import GraphView, graph_view, keep
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.syntax.source import SourceTexts, code_at
from aotlens.text.documents import Document
from aotlens.text.uris import SCHEME, path_of
from aotlens_tracer.wire.descriptor_map import Span

from .capabilities import asks_for_content, takes_links, understands_markdown
from .plain import plain_text
from .positions import from_position, to_range
from .temporary import write

if TYPE_CHECKING:
    from .app import AotlensServer

_SUFFIX = ".graph"


def uri_of(key: TargetKey, kind: Kind) -> str:
    """The URI of a graph."""
    path = key.path.replace("\\", "/")
    return f"{SCHEME}:/{kind}/{quote(path.lstrip('/'))}/{quote(key.qualname, safe='')}{_SUFFIX}"


def parse(uri: str) -> tuple[TargetKey, Kind] | None:
    """The target and the kind of graph that a URI names; None for any other URI."""
    scheme, _, rest = uri.partition(":")
    kind, _, where = rest.lstrip("/").partition("/")
    path, _, name = where.rpartition("/")
    known = next((one for one in KINDS if one == kind), None)
    if scheme != SCHEME or known is None or not path or not name.endswith(_SUFFIX):
        return None
    path = unquote(path)
    return TargetKey(path if path[1:3] == ":/" else f"/{path}", unquote(name.removesuffix(_SUFFIX))), known


class GraphDocuments:
    """The documents, and what a client asks in them."""

    def __init__(self, server: AotlensServer) -> None:
        self._server = server
        self._written: dict[str, tuple[TargetKey, Kind]] = {}

    async def content(self, uri: str) -> str:
        """The text of a graph. Raises InvalidParams where there is none, with the reason."""
        named = parse(uri)
        if named is None:
            raise JsonRpcInvalidParams(f"{uri} names no graph")
        return (await self._text(*named)).text

    async def show(self, key: TargetKey, kind: Any) -> str:
        """The URI of a graph that the client can open: a file where it does not ask for contents."""
        known = next((one for one in KINDS if one == kind), None)
        if known is None:
            raise JsonRpcInvalidParams(f"{kind!r} is none of {', '.join(KINDS)}")
        text = await self._text(key, known)
        if asks_for_content(self._server.client_capabilities):
            return uri_of(key, known)
        path = await asyncio.get_running_loop().run_in_executor(
            None, write, f"{key.qualname}.{known}{_SUFFIX}", text.text
        )
        self._written[path] = key, known
        return self._server.documents.uri_of(path)

    async def _text(self, key: TargetKey, kind: Kind) -> GraphText:
        snapshot = self._server.session.snapshot()
        state = snapshot.states.get(key)
        if state is None or state.map is None:
            raise JsonRpcInvalidParams(f"{key.qualname} has no map yet")
        known = graph_view(snapshot, key, kind)
        if known is not None:
            return known.text
        try:
            return await asyncio.get_running_loop().run_in_executor(None, self._made, snapshot, state, kind)
        except NoSuchGraph as error:
            raise JsonRpcInvalidParams(str(error)) from None

    def _made(self, snapshot: Snapshot, state: TargetState, kind: Kind) -> GraphText:
        assert state.map is not None
        texts = SourceTexts()

        @functools.cache  # layers have their lines in common
        def code(span: Span) -> str | None:
            document = snapshot.documents.get(span.path)
            if document is None:
                return texts.code(span)
            now = snapshot.now(state, span)
            return code_at(document.line(now.line), now) if now is not None else None

        text = graph_text(state.map, kind, code)
        keep(state.map, kind, text)
        return text

    def at(self, uri: str) -> Shown | None:
        """The graph that a document shows; None for any other document, and where the target was traced anew since."""
        snapshot = self._server.session.snapshot()
        written = self._written.get(path_of(uri))
        named = parse(uri) or written
        view = graph_view(snapshot, *named) if named is not None else None
        # Of a new graph the client asks for the text, which is made beside the event loop; a file is not written anew.
        if view is None and written is not None:
            view = self._of_file(snapshot, *written)
        if view is None:
            return None
        document = self._server.documents.get(uri) or Document(uri, uri, 0, view.text.text)
        lines = view.text.text.count("\n") + 1
        return Shown(self._server, view, document) if document.line_count == lines else None

    def _of_file(self, snapshot: Snapshot, key: TargetKey, kind: Kind) -> GraphView | None:
        state = snapshot.states.get(key)
        if state is None or state.map is None:
            return None
        try:
            self._made(snapshot, state, kind)
        except NoSuchGraph:
            return None
        return graph_view(snapshot, key, kind)

    def shown(self) -> list[Shown]:
        """The graphs whose documents are open."""
        found = (self.at(document.uri) for document in self._server.documents.by_path.values())
        return [graph for graph in found if graph is not None]


class Shown:
    """A graph in the document that shows it, which differs from the text of the graph in comments alone."""

    def __init__(self, server: AotlensServer, view: GraphView, document: Document) -> None:
        self._server = server
        self.view = view
        self._document = document

    def hover(self, position: lsp.Position) -> lsp.Hover | None:
        """`textDocument/hover`."""
        found = self.view.hover(*self._place(position))
        if found is None:
            return None
        text, name = found
        if understands_markdown(self._server.client_capabilities):
            return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text), self._range(name))
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.PlainText, plain_text(text)), self._range(name))

    async def definition(self, position: lsp.Position) -> list[lsp.LocationLink] | list[lsp.Location] | None:
        """`textDocument/definition`: of a use the line that defines it, of that its source."""
        line, column = self._place(position)
        defined = self.view.definition_line(line, column)
        if defined is not None:
            name = next(name for name in self.view.text.names if name.line == defined)
            places = [lsp.Location(self._document.uri, self._range(name))]
        else:
            spans = self.view.sources(self._server.session.snapshot(), line, column)
            places = await self._server.places.locations(spans)
        if not takes_links(self._server.client_capabilities):
            return places or None
        return [lsp.LocationLink(place.uri, place.range, place.range) for place in places] or None

    def references(self, position: lsp.Position) -> list[lsp.Location] | None:
        """`textDocument/references`: every place of the document that names the node."""
        uses = self.view.uses(*self._place(position))
        return [lsp.Location(self._document.uri, self._range(name)) for name in uses] or None

    def highlight(self, position: lsp.Position) -> list[lsp.DocumentHighlight] | None:
        """`textDocument/documentHighlight`."""
        found = []
        for name in self.view.uses(*self._place(position)):
            is_definition = self.view.text.definitions.get(name.node) == name.line
            kind = lsp.DocumentHighlightKind.Write if is_definition else lsp.DocumentHighlightKind.Read
            found.append(lsp.DocumentHighlight(self._range(name), kind))
        return found or None

    def node_at(self, position: lsp.Position) -> str | None:
        """The node that is meant at a position."""
        return correspondence.node_at(self.view, *self._place(position))

    def runs(self, nodes: correspondence.Nodes) -> dict[str, Any]:
        """Where some nodes of the graph stand: lines that follow each other are one range."""
        found: dict[bool, list[lsp.Range]] = {False: [], True: []}
        for run in correspondence.runs(self.view.text, nodes):
            text = self._document.line(run.first)
            span = Span(self._document.path, run.first, len(text) - len(text.lstrip()) + 1, run.last)
            found[run.backward].append(to_range(self._document, span, self._server.encoding))
        return {"uri": self._document.uri, "forward": found[False], "backward": found[True]}

    def symbols(self) -> list[lsp.DocumentSymbol]:
        """`textDocument/documentSymbol`: the blocks, one in the other."""
        roots: list[lsp.DocumentSymbol] = []
        around: list[tuple[int, list[lsp.DocumentSymbol]]] = []
        for block in self.view.text.blocks:
            start, end = lsp.Position(block.first - 1, 0), lsp.Position(block.last, 0)
            kind = lsp.SymbolKind.Module if block.module is not None else lsp.SymbolKind.Namespace
            inner: list[lsp.DocumentSymbol] = []
            symbol = lsp.DocumentSymbol(
                block.title, kind, lsp.Range(start, end), lsp.Range(start, start), block.module, children=inner
            )
            while around and around[-1][0] < block.first:
                around.pop()
            (around[-1][1] if around else roots).append(symbol)
            around.append((block.last, inner))
        return roots

    def folds(self) -> list[lsp.FoldingRange]:
        """`textDocument/foldingRange`: the blocks."""
        blocks = self.view.text.blocks
        return [lsp.FoldingRange(block.first - 1, block.last - 1) for block in blocks if block.last > block.first]

    def _place(self, position: lsp.Position) -> tuple[int, int]:
        return from_position(self._document, position, self._server.encoding)

    def _range(self, name: Name) -> lsp.Range:
        span = Span(self._document.path, name.line, name.column, name.line, name.end_column)
        return to_range(self._document, span, self._server.encoding)
