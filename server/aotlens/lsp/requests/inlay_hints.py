"""`textDocument/inlayHint`."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial

from lsprotocol import types as lsp

from aotlens.explain.visible import visible_line
from aotlens.features import inlay_hints, value_hints
from aotlens.lsp.context import Context
from aotlens.lsp.positions import from_range, to_range
from aotlens.text.documents import Document

from .beside import answered

Answer = list[lsp.InlayHint] | None


def in_source(context: Context, params: lsp.InlayHintParams) -> Answer | Awaitable[Answer]:
    """Values, shapes and saved bytes at the ends of lines, each kind only if the user's settings enable it."""
    document = context.documents.get(params.text_document.uri)
    wanted = context.session.settings.inlay_hints
    values = _lines_of_values(context, document, wanted.values) if document is not None else None
    if document is None or not (wanted.shapes or wanted.saved or values):
        return None
    lines = from_range(document, params.range, context.encoding)
    find = partial(
        inlay_hints.inlay_hints,
        context.session.snapshot(),
        document,
        lines.line,
        lines.end_line or lines.line,
        shapes=wanted.shapes,
        saved=wanted.saved,
        values=values,
    )
    return answered(document, lambda: list(find()), partial(_hints, context, document))


def _hints(context: Context, document: Document, found: Sequence[inlay_hints.InlayHint]) -> Answer:
    return [
        lsp.InlayHint(
            position=to_range(document, hint.span, context.encoding).start,
            label=visible_line(hint.label),
            tooltip=hint.tooltip,
            padding_left=True,
        )
        for hint in found
    ]


def _lines_of_values(context: Context, document: Document, wanted: str) -> tuple[int, int] | None:
    """The first and last line whose values are shown; None for none."""
    if wanted == "all":
        return 1, document.line_count
    line = context.cursors.line(document) if wanted == "cursor" else None
    code = value_hints.code_around(document, line) if line is not None else None
    return (code.start_line, code.end_line) if code is not None else None
