"""Params about a cell as params about its notebook: positions in the cell become those in the joined text."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs
from lsprotocol import types as lsp

from .open_notebooks import CellPlace, OpenNotebooks

Params = TypeVar("Params")


def about_notebook(notebooks: OpenNotebooks, params: Params) -> tuple[Params, CellPlace | None]:
    """The params, about the notebook if they are about a cell of one, and this cell."""
    uri = uri_of(params)
    cell = notebooks.cell(uri) if uri is not None else None
    if cell is None:
        return params, None
    if isinstance(params, dict):
        return _moved_json(params, cell), cell  # type: ignore[return-value]  # a dict too
    changes: dict[str, Any] = {"text_document": lsp.TextDocumentIdentifier(cell.notebook)}
    for name in ("position", "range", "context"):
        value = getattr(params, name, None)
        if value is not None:
            changes[name] = _moved(value, cell)
    return attrs.evolve(params, **changes), cell  # type: ignore[misc]  # all params of LSP's are attrs classes


def uri_of(params: Any) -> str | None:
    """The URI of the document that a request is about; None if it is about none, or the params are wrong."""
    if isinstance(params, dict):  # a method beyond LSP
        document = params.get("textDocument")
        uri = document.get("uri") if isinstance(document, dict) else None
        return uri if isinstance(uri, str) else None
    document = getattr(params, "text_document", None)
    return document.uri if document is not None else None


def _moved(value: Any, cell: CellPlace) -> Any:
    if isinstance(value, lsp.Position):
        return lsp.Position(value.line + cell.first, value.character)
    if isinstance(value, lsp.Range):
        return lsp.Range(_moved(value.start, cell), _moved(value.end, cell))
    if isinstance(value, lsp.CodeActionContext):
        shown = [attrs.evolve(each, range=_moved(each.range, cell)) for each in value.diagnostics]
        return attrs.evolve(value, diagnostics=shown)
    return value


def _moved_json(params: dict[str, Any], cell: CellPlace) -> dict[str, Any]:
    moved = {**params, "textDocument": {"uri": cell.notebook}}
    position = params.get("position")
    if isinstance(position, dict) and isinstance(position.get("line"), int):
        moved["position"] = {**position, "line": position["line"] + cell.first}
    return moved
