"""`textDocument/codeLens` and `codeLens/resolve`."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as lsp

from aotlens.features import lens
from aotlens.lsp.context import Context
from aotlens.model.snapshot import TargetKey


def in_source(context: Context, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
    """The places of lenses. Their text comes with `codeLens/resolve`."""
    document = context.documents.get(params.text_document.uri)
    if document is None or not context.session.settings.code_lens_enable:
        return []
    return [
        lsp.CodeLens(
            lsp.Range(lsp.Position(place.line - 1, 0), lsp.Position(place.line - 1, 0)),
            data={"path": place.key.path, "qualname": place.key.qualname, "kind": place.kind},
        )
        for place in lens.places(context.session.snapshot(), document)
    ]


def resolve(context: Context, params: lsp.CodeLens) -> lsp.CodeLens:
    """The lens with its text and command; one that is not ours stays as it is."""
    data: Any = params.data
    if not isinstance(data, dict) or not {"path", "qualname", "kind"} <= data.keys():
        return params
    said = lens.text(context.session.snapshot(), TargetKey(data["path"], data["qualname"]), str(data["kind"]))
    tooltip = "\n".join(said.tooltip) or None
    params.command = lsp.Command(said.title, said.command, tooltip, list(said.arguments))
    return params
