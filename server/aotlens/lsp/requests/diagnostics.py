"""`textDocument/diagnostic`, and the diagnostics for clients that do not pull them."""

from __future__ import annotations

from lsprotocol import types as lsp

from aotlens.explain.visible import visible
from aotlens.features import diagnostics
from aotlens.lsp.capabilities import links_codes, relates
from aotlens.lsp.context import Context
from aotlens.lsp.methods import SOURCE
from aotlens.lsp.positions import to_range
from aotlens.text.documents import Document

_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "information": lsp.DiagnosticSeverity.Information,
    "hint": lsp.DiagnosticSeverity.Hint,
}


def in_source(context: Context, params: lsp.DocumentDiagnosticParams) -> lsp.RelatedFullDocumentDiagnosticReport:
    """The diagnostics of a document."""
    document = context.documents.get(params.text_document.uri)
    items = diagnostics_of(context, document) if document is not None else []
    return lsp.RelatedFullDocumentDiagnosticReport(items=items)


def diagnostics_of(context: Context, document: Document) -> list[lsp.Diagnostic]:
    """The diagnostics of a document; none if the user's settings disable them."""
    if not context.session.settings.diagnostics_enable:
        return []
    return [
        lsp.Diagnostic(
            range=to_range(document, item.span, context.encoding),
            severity=_SEVERITIES[item.severity],
            code=item.code,
            code_description=_page(context, item),
            source=SOURCE,
            message=visible(item.message) + (f" (stale: {item.stale})" if item.stale else ""),
            related_information=_related(context, item) if relates(context.capabilities) else None,
        )
        for item in diagnostics.diagnostics(context.session.snapshot(), document)
    ]


def _page(context: Context, item: diagnostics.Diagnostic) -> lsp.CodeDescription | None:
    """The page about a finding, for a client that opens it from the code of the diagnostic."""
    if item.link is None or not links_codes(context.capabilities):
        return None
    return lsp.CodeDescription(item.link)


def _related(context: Context, item: diagnostics.Diagnostic) -> list[lsp.DiagnosticRelatedInformation] | None:
    """The places that explain a diagnostic. In a file that is not open it is the line: its text is not at hand."""
    found = []
    for message, span in item.related:
        document = context.documents.by_path.get(span.path)
        start = lsp.Position(span.line - 1, 0)
        range = to_range(document, span, context.encoding) if document is not None else lsp.Range(start, start)
        location = lsp.Location(context.documents.uri_of(span.path), range)
        found.append(lsp.DiagnosticRelatedInformation(location, visible(message)))
    return found or None
