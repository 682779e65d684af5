"""The features over LSP: thin handlers that convert positions, ask a pure function, and convert its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lsprotocol import types as lsp

from aotlens.features import definition, diagnostics, highlight, inlay_hints, lens, references, symbols
from aotlens.features.fixes import code_actions
from aotlens.features.hover import hover
from aotlens.lsp.capabilities import (
    checks_versions,
    relates,
    takes_action_literals,
    takes_links,
    understands_markdown,
)
from aotlens.lsp.graph_documents import GraphDocuments
from aotlens.lsp.methods import SOURCE
from aotlens.lsp.plain import plain_text
from aotlens.lsp.positions import from_position, from_range, to_range
from aotlens.model.snapshot import TargetKey
from aotlens.text.documents import Document

from . import views

if TYPE_CHECKING:
    from aotlens.lsp.app import AotlensServer

_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "information": lsp.DiagnosticSeverity.Information,
    "hint": lsp.DiagnosticSeverity.Hint,
}
_SYMBOLS = {"parameter": lsp.SymbolKind.Field, "buffer": lsp.SymbolKind.Property}
_COMPLETIONS = {
    "parameter": lsp.CompletionItemKind.Field,
    "buffer": lsp.CompletionItemKind.Property,
    "module": lsp.CompletionItemKind.Module,
}


class Handlers:
    """The handlers, by the names that `methods.py` knows. Each looks at one snapshot and answers from it."""

    def __init__(self, server: AotlensServer) -> None:
        self._server = server
        self.graphs = GraphDocuments(server)

    def _at(self, params: lsp.TextDocumentPositionParams) -> tuple[Document, int, int] | None:
        """The document and place that a request is about; the place is also where the user is."""
        document = self._server.documents.get(params.text_document.uri)
        if document is None:
            return None
        line, column = from_position(document, params.position, self._server.encoding)
        self._server.session.focus(document.path, line)
        return document, line, column

    async def content(self, params: lsp.TextDocumentContentParams) -> lsp.TextDocumentContentResult:
        """`workspace/textDocumentContent`: a graph."""
        return lsp.TextDocumentContentResult(await self.graphs.content(params.uri))

    def document_symbols(self, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol] | None:
        """`textDocument/documentSymbol`, of graphs alone: those of Python files are known to other servers."""
        graph = self.graphs.at(params.text_document.uri)
        return graph.symbols() if graph is not None else None

    def folding_ranges(self, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange] | None:
        """`textDocument/foldingRange`, of graphs alone."""
        graph = self.graphs.at(params.text_document.uri)
        return graph.folds() if graph is not None else None

    def hover(self, params: lsp.HoverParams) -> lsp.Hover | None:
        """`textDocument/hover`."""
        if (graph := self.graphs.at(params.text_document.uri)) is not None:
            return graph.hover(params.position)
        if (place := self._at(params)) is None:
            return None
        document, line, column = place
        address = self._server.places.address if self._server.offers.links else None
        found = hover.hover(self._server.session.snapshot(), document, line, column, address)
        if found is None:
            return None
        kind, text = lsp.MarkupKind.Markdown, found.markdown
        if address is not None:
            text += command_links(found)
        if not understands_markdown(self._server.client_capabilities):
            kind, text = lsp.MarkupKind.PlainText, plain_text(text)
        return lsp.Hover(lsp.MarkupContent(kind, text), to_range(document, found.span, self._server.encoding))

    def code_lens(self, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
        """`textDocument/codeLens`: where lenses are; what they say comes with `codeLens/resolve`."""
        document = self._server.documents.get(params.text_document.uri)
        if document is None or not self._server.session.settings.code_lens_enable:
            return []
        return [
            lsp.CodeLens(
                lsp.Range(lsp.Position(place.line - 1, 0), lsp.Position(place.line - 1, 0)),
                data={"path": place.key.path, "qualname": place.key.qualname, "kind": place.kind},
            )
            for place in lens.places(self._server.session.snapshot(), document)
        ]

    def resolve_lens(self, params: lsp.CodeLens) -> lsp.CodeLens:
        """`codeLens/resolve`."""
        data: Any = params.data
        if not isinstance(data, dict) or not {"path", "qualname", "kind"} <= data.keys():
            return params
        said = lens.text(self._server.session.snapshot(), TargetKey(data["path"], data["qualname"]), str(data["kind"]))
        params.command = lsp.Command(said.title, said.command, None, list(said.arguments))
        return params

    async def definition(self, params: lsp.DefinitionParams) -> list[lsp.LocationLink] | list[lsp.Location] | None:
        """`textDocument/definition`: links where the client takes them, else locations."""
        if (graph := self.graphs.at(params.text_document.uri)) is not None:
            return await graph.definition(params.position)
        if (place := self._at(params)) is None:
            return None
        document, line, column = place
        links = definition.definition(self._server.session.snapshot(), document, line, column)
        if not links:
            return None
        if not takes_links(self._server.client_capabilities):
            return await self._server.places.locations(link.target for link in links)
        ranges = await self._server.places.ranges(link.target for link in links)
        return [
            lsp.LocationLink(
                self._server.places.uri(link.target.path),
                ranges[link.target],
                ranges[link.target],
                to_range(document, link.origin, self._server.encoding),
            )
            for link in links
            if link.target in ranges
        ]

    async def references(self, params: lsp.ReferenceParams) -> list[lsp.Location] | None:
        """`textDocument/references`."""
        if (graph := self.graphs.at(params.text_document.uri)) is not None:
            return graph.references(params.position)
        if (place := self._at(params)) is None:
            return None
        snapshot = self._server.session.snapshot()
        spans = references.references(snapshot, *place, include_declaration=params.context.include_declaration)
        return await self._server.places.locations(spans) or None

    def highlight(self, params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight] | None:
        """`textDocument/documentHighlight`."""
        if (graph := self.graphs.at(params.text_document.uri)) is not None:
            return graph.highlight(params.position)
        if (place := self._at(params)) is None:
            return None
        document, line, column = place
        found = highlight.highlight(self._server.session.snapshot(), document, line, column)
        kinds = {True: lsp.DocumentHighlightKind.Write, False: lsp.DocumentHighlightKind.Read}
        return [
            lsp.DocumentHighlight(to_range(document, item.span, self._server.encoding), kinds[item.is_write])
            for item in found
        ] or None

    async def workspace_symbols(self, params: lsp.WorkspaceSymbolParams) -> list[lsp.SymbolInformation]:
        """`workspace/symbol`."""
        found = symbols.workspace_symbols(self._server.session.snapshot(), params.query)
        ranges = await self._server.places.ranges(symbol.span for symbol in found)
        return [
            lsp.SymbolInformation(
                location=lsp.Location(self._server.places.uri(symbol.span.path), ranges[symbol.span]),
                name=symbol.name,
                kind=_SYMBOLS[symbol.kind],
                container_name=f"{symbol.container} {symbol.detail}",
            )
            for symbol in found
            if symbol.span in ranges
        ]

    def completion(self, params: lsp.CompletionParams) -> lsp.CompletionList | None:
        """`textDocument/completion`, inside strings that name parameters."""
        if (place := self._at(params)) is None:
            return None
        document = place[0]
        found = symbols.completions(self._server.session.snapshot(), *place)
        if found is None:
            return None
        items = [
            lsp.CompletionItem(
                label=item.name,
                kind=_COMPLETIONS[item.kind],
                detail=item.detail,
                filter_text=item.name,
                text_edit=lsp.TextEdit(to_range(document, item.span, self._server.encoding), item.name),
            )
            for item in found.items
        ]
        return lsp.CompletionList(is_incomplete=found.incomplete, items=items)

    def inlay_hints(self, params: lsp.InlayHintParams) -> list[lsp.InlayHint] | None:
        """`textDocument/inlayHint`: each kind only where the user asked for it."""
        document = self._server.documents.get(params.text_document.uri)
        wanted = self._server.session.settings.inlay_hints
        if document is None or not (wanted.shapes or wanted.saved):
            return None
        lines = from_range(document, params.range, self._server.encoding)
        found = inlay_hints.inlay_hints(
            self._server.session.snapshot(),
            document,
            lines.line,
            lines.end_line or lines.line,
            shapes=wanted.shapes,
            saved=wanted.saved,
        )
        encoding = self._server.encoding
        return [
            lsp.InlayHint(
                position=to_range(document, hint.span, encoding).start,
                label=hint.label,
                tooltip=hint.tooltip,
                padding_left=True,
            )
            for hint in found
        ]

    def code_actions(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction | lsp.Command]:
        """`textDocument/codeAction`; to clients that know no other actions, those that are commands."""
        document = self._server.documents.get(params.text_document.uri)
        if document is None:
            return []
        where = from_range(document, params.range, self._server.encoding)
        self._server.session.focus(document.path, where.line)
        found = code_actions.code_actions(self._server.session.snapshot(), document, where)
        only = params.context.only
        if not takes_action_literals(self._server.client_capabilities):
            return [command for action in found if (command := _command(action)) is not None]
        return [
            self._code_action(document, action, params.context.diagnostics)
            for action in found
            if not only or any(not kind or f"{action.kind}.".startswith(f"{kind}.") for kind in only)
        ]

    def _code_action(
        self, document: Document, action: code_actions.CodeAction, shown: list[lsp.Diagnostic]
    ) -> lsp.CodeAction:
        edits = [lsp.TextEdit(to_range(document, edit.span, self._server.encoding), edit.text) for edit in action.edits]
        fixed = [
            d for d in shown if d.source == SOURCE and d.code == action.fixes and d.range.start.line + 1 == action.line
        ]
        return lsp.CodeAction(
            title=action.title,
            kind=action.kind,
            diagnostics=fixed or None,
            is_preferred=action.preferred or None,
            edit=self._edit(document, edits) if edits else None,
            command=_command(action),
        )

    def _edit(self, document: Document, edits: list[lsp.TextEdit]) -> lsp.WorkspaceEdit:
        """With the document's version where the client checks it, so that an edit never lands in another text."""
        if checks_versions(self._server.client_capabilities):
            identifier = lsp.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
            return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identifier, list(edits))])
        return lsp.WorkspaceEdit(changes={document.uri: edits})

    def pull_diagnostics(self, params: lsp.DocumentDiagnosticParams) -> lsp.RelatedFullDocumentDiagnosticReport:
        """`textDocument/diagnostic`."""
        document = self._server.documents.get(params.text_document.uri)
        items = diagnostics_of(self._server, document) if document is not None else []
        return lsp.RelatedFullDocumentDiagnosticReport(items=items)

    async def slots(self, params: Any) -> dict[str, Any] | None:
        """`aotlens/slots`."""
        return await views.slots_at(self._server, params)

    async def correspondence(self, params: Any) -> dict[str, Any] | None:
        """`aotlens/correspondence`."""
        return await views.correspondence_at(self._server, params)

    def map(self, params: Any) -> dict[str, Any]:
        """`aotlens/map`."""
        return views.map_of(self._server, params)


def diagnostics_of(server: AotlensServer, document: Document) -> list[lsp.Diagnostic]:
    """The diagnostics of a document as LSP has them."""
    if not server.session.settings.diagnostics_enable:
        return []
    return [
        lsp.Diagnostic(
            range=to_range(document, item.span, server.encoding),
            severity=_SEVERITIES[item.severity],
            code=item.code,
            source=SOURCE,
            message=item.message + (f" (stale: {item.stale} since)" if item.stale else ""),
            related_information=_related(server, item) if relates(server.client_capabilities) else None,
        )
        for item in diagnostics.diagnostics(server.session.snapshot(), document)
    ]


def _related(server: AotlensServer, item: diagnostics.Diagnostic) -> list[lsp.DiagnosticRelatedInformation] | None:
    """The places that explain a diagnostic; of a file that is not open, whose text is not at hand, the line."""
    found = []
    for message, span in item.related:
        document = server.documents.by_path.get(span.path)
        start = lsp.Position(span.line - 1, 0)
        range = to_range(document, span, server.encoding) if document is not None else lsp.Range(start, start)
        location = lsp.Location(server.documents.uri_of(span.path), range)
        found.append(lsp.DiagnosticRelatedInformation(location, message))
    return found or None


def _command(action: code_actions.CodeAction) -> lsp.Command | None:
    return lsp.Command(action.title, action.command, None, list(action.arguments)) if action.command else None


def command_links(found: hover.Hover) -> str:
    """A last line of a hover with what can be done: links to commands, as editors that take such links write them."""
    if found.key is None:
        return ""
    links = [_command_link("Show the map", "aotlens.showMap", str(found.key))]
    if found.labels:
        descriptors = "descriptors" if len(found.labels) > 1 else "descriptor"
        links.append(_command_link(f"Copy the {descriptors}", "aotlens.copyExpression", str(found.key), found.labels))
    return "\n\n---\n\n" + " · ".join(links)


def _command_link(title: str, command: str, *arguments: Any) -> str:
    return f"[{title}](command:{command}?{quote(json.dumps(arguments))})"
