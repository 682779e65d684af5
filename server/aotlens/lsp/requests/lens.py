"""`textDocument/codeLens` and `codeLens/resolve`."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any

from lsprotocol import types as lsp

from aotlens.explain.visible import visible, visible_line
from aotlens.features import lens
from aotlens.lsp.context import Context
from aotlens.model.snapshot import TargetKey

from .beside import answered

Answer = list[lsp.CodeLens]


def in_source(context: Context, params: lsp.CodeLensParams) -> Answer | Awaitable[Answer]:
    """The places of lenses. Their text comes with `codeLens/resolve`."""
    document = context.documents.get(params.text_document.uri)
    if document is None or not context.session.settings.code_lens_enable:
        return []
    return answered(document, partial(lens.places, context.session.snapshot(), document), _lenses)


def _lenses(places: Sequence[lens.LensPlace]) -> Answer:
    return [
        lsp.CodeLens(
            lsp.Range(lsp.Position(place.line - 1, 0), lsp.Position(place.line - 1, 0)),
            data={
                "path": place.key.path,
                "qualname": place.key.qualname,
                "kind": place.kind,
                "lines": [place.line, place.last] if place.last is not None else None,
            },
        )
        for place in places
    ]


def resolve(context: Context, params: lsp.CodeLens) -> lsp.CodeLens:
    """The lens with its text and command; one that is not ours stays as it is."""
    data: Any = params.data
    if not isinstance(data, dict) or not {"path", "qualname", "kind"} <= data.keys():
        return params
    key = TargetKey(data["path"], data["qualname"])
    said = lens.text(context.session.snapshot(), key, str(data["kind"]), _lines(data.get("lines")))
    tooltip = visible("\n".join(said.tooltip)) or None
    params.command = lsp.Command(visible_line(said.title), said.command, tooltip, list(said.arguments))
    return params


def _lines(value: Any) -> tuple[int, int] | None:
    """The first and the last line in the data of a lens; None if it has none."""
    is_pair = isinstance(value, list) and len(value) == 2 and all(isinstance(line, int) for line in value)
    return (value[0], value[1]) if is_pair else None
