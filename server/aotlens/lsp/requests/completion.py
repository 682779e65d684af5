"""`textDocument/completion`: names of parameters, buffers and modules in strings."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from lsprotocol import types as lsp

from aotlens.explain.visible import visible_line
from aotlens.features import symbols
from aotlens.lsp.context import Context
from aotlens.lsp.positions import to_range

from .beside import answered
from .position import focused_position

_KINDS = {
    "parameter": lsp.CompletionItemKind.Field,
    "buffer": lsp.CompletionItemKind.Property,
    "module": lsp.CompletionItemKind.Module,
}

Answer = lsp.CompletionList | None


def in_source(context: Context, params: lsp.CompletionParams) -> Answer | Awaitable[Answer]:
    """The names that fit at a position; None outside strings that hold such names."""
    if (place := focused_position(context, params)) is None:
        return None
    document = place[0]

    def answer(found: symbols.Completions | None) -> Answer:
        if found is None:
            return None
        items = [
            lsp.CompletionItem(
                label=visible_line(item.name),
                kind=_KINDS[item.kind],
                detail=visible_line(item.detail),
                filter_text=item.name,
                text_edit=lsp.TextEdit(to_range(document, item.span, context.encoding), item.name),
            )
            for item in found.items
        ]
        return lsp.CompletionList(is_incomplete=found.incomplete, items=items)

    return answered(document, partial(symbols.completions, context.session.snapshot(), *place), answer)
