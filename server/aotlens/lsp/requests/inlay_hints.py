"""`textDocument/inlayHint`."""

from __future__ import annotations

from lsprotocol import types as lsp

from aotlens.features import inlay_hints
from aotlens.lsp.context import Context
from aotlens.lsp.positions import from_range, to_range


def in_source(context: Context, params: lsp.InlayHintParams) -> list[lsp.InlayHint] | None:
    """Shapes and saved bytes at the ends of lines, each kind only if the user's settings enable it."""
    document = context.documents.get(params.text_document.uri)
    wanted = context.session.settings.inlay_hints
    if document is None or not (wanted.shapes or wanted.saved):
        return None
    lines = from_range(document, params.range, context.encoding)
    found = inlay_hints.inlay_hints(
        context.session.snapshot(),
        document,
        lines.line,
        lines.end_line or lines.line,
        shapes=wanted.shapes,
        saved=wanted.saved,
    )
    return [
        lsp.InlayHint(
            position=to_range(document, hint.span, context.encoding).start,
            label=hint.label,
            tooltip=hint.tooltip,
            padding_left=True,
        )
        for hint in found
    ]
