"""Answers with positions in the joined text of a notebook as the client has them: in the documents of its cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from lsprotocol import types as lsp

from aotlens.text.uris import path_of

from .open_notebooks import CellPlace, OpenNotebooks

_IN_OWN_DOCUMENT = ("range", "selection_range", "position", "text_edit", "origin_selection_range", "children")
"""The fields of answers with places in the document that the request is about."""


def in_cells(notebooks: OpenNotebooks, answer: Any, cell: CellPlace | None) -> Any:
    """The answer to a request about a document, or about a cell, whose notebook it was asked of.

    Places in other cells that have no URI of their own, such as lenses, are left out.
    """
    if not notebooks:
        return answer
    return _Converter(notebooks, cell).converted(answer)


def edit_in_cells(notebooks: OpenNotebooks, edit: lsp.WorkspaceEdit) -> lsp.WorkspaceEdit:
    """An edit as the client can make it."""
    return in_cells(notebooks, edit, None)  # type: ignore[no-any-return]  # the type is kept


def place_in_cells(notebooks: OpenNotebooks, uri: str, place: lsp.Range | None) -> tuple[str, lsp.Range | None]:
    """A document and a place in it as the client has them. A notebook without a place stays as it is."""
    if place is None:
        return uri, None
    found: lsp.Location = in_cells(notebooks, lsp.Location(uri, place), None)
    return found.uri, found.range


def diagnostics_by_cell(
    notebooks: OpenNotebooks, path: str, found: Sequence[lsp.Diagnostic]
) -> list[tuple[CellPlace, list[lsp.Diagnostic]]]:
    """The diagnostics of a notebook for each of its cells."""
    return [(cell, in_cells(notebooks, list(found), cell)) for cell in notebooks.cells(path)]


class _Converter:
    """Converts one answer. `cell` is the cell that the request is about, None for another document."""

    def __init__(self, notebooks: OpenNotebooks, cell: CellPlace | None) -> None:
        self._notebooks = notebooks
        self._cell = cell

    def converted(self, value: Any) -> Any:
        """The value, of any type that an answer may have."""
        if isinstance(value, list):
            return [self.converted(each) for each in value if self._is_here(each)]
        if isinstance(value, dict):
            return self._json(value)
        if isinstance(value, lsp.Location):
            return self._location(value)
        if isinstance(value, lsp.LocationLink):
            return self._link(value)
        if isinstance(value, lsp.WorkspaceEdit):
            return self._edit(value)
        if not attrs.has(type(value)):
            return value
        changes: dict[str, Any] = {}
        for field in attrs.fields(type(value)):
            inner = getattr(value, field.name)
            if field.name in _IN_OWN_DOCUMENT and self._cell is not None and not isinstance(inner, list):
                changes[field.name] = self._in_own(inner)
            elif isinstance(inner, (list, dict)) or attrs.has(type(inner)):
                changes[field.name] = self.converted(inner)
        return attrs.evolve(value, **changes)

    def _is_here(self, item: Any) -> bool:
        """Whether an item of a list is in the cell of the request, or says of itself in which document it is."""
        if self._cell is None:
            return True
        place = getattr(item, "range", None) or getattr(item, "position", None)
        if place is None or hasattr(item, "uri"):
            return True
        return self._cell.has(place.start.line if isinstance(place, lsp.Range) else place.line)

    def _in_own(self, value: Any) -> Any:
        assert self._cell is not None
        if isinstance(value, (lsp.Position, lsp.Range)):
            return _in_cell(value, self._cell)
        if isinstance(value, lsp.TextEdit):
            return attrs.evolve(value, range=_in_cell(value.range, self._cell))
        return self.converted(value)

    def _location(self, value: lsp.Location) -> lsp.Location:
        cell = self._at(value.uri, value.range)
        return value if cell is None else lsp.Location(cell.uri, _in_cell(value.range, cell))

    def _link(self, value: lsp.LocationLink) -> lsp.LocationLink:
        origin = value.origin_selection_range
        if origin is not None and self._cell is not None:
            origin = _in_cell(origin, self._cell)
        cell = self._at(value.target_uri, value.target_range)
        if cell is None:
            return attrs.evolve(value, origin_selection_range=origin)
        target, selection = _in_cell(value.target_range, cell), _in_cell(value.target_selection_range, cell)
        return lsp.LocationLink(cell.uri, target, selection, origin)

    def _edit(self, value: lsp.WorkspaceEdit) -> lsp.WorkspaceEdit:
        changes: dict[str, list[Any]] | None = None
        for uri, edits in (value.changes or {}).items():
            changes = changes if changes is not None else {}
            for edit in edits:
                cell = self._at(uri, edit.range)
                place = edit.range if cell is None else _in_cell(edit.range, cell)
                changes.setdefault(uri if cell is None else cell.uri, []).append(attrs.evolve(edit, range=place))
        documents: list[Any] | None = None
        for change in value.document_changes or ():
            documents = documents if documents is not None else []
            documents += self._by_cell(change) if isinstance(change, lsp.TextDocumentEdit) else [change]
        return attrs.evolve(value, changes=changes, document_changes=documents)

    def _by_cell(self, change: lsp.TextDocumentEdit) -> list[lsp.TextDocumentEdit]:
        """One edit of a notebook as edits of its cells, each of the version that the client has."""
        found: dict[str, lsp.TextDocumentEdit] = {}
        for edit in change.edits:
            cell = self._at(change.text_document.uri, edit.range)
            if cell is None:
                return [change]
            identifier = lsp.OptionalVersionedTextDocumentIdentifier(cell.uri, cell.version)
            part = found.setdefault(cell.uri, lsp.TextDocumentEdit(identifier, []))
            moved = attrs.evolve(edit, range=_in_cell(edit.range, cell))
            part.edits = [*part.edits, moved]
        return list(found.values())

    def _json(self, value: dict[str, Any]) -> dict[str, Any]:
        """An answer beyond LSP: where it has a range, it says of which document."""
        uri, place = value.get("uri"), value.get("range")
        cell = self._at(uri, place) if isinstance(uri, str) and isinstance(place, lsp.Range) else None
        if cell is not None and isinstance(place, lsp.Range):
            return {**value, "uri": cell.uri, "range": _in_cell(place, cell)}
        return {name: self.converted(inner) for name, inner in value.items()}

    def _at(self, uri: str, place: lsp.Range) -> CellPlace | None:
        path = path_of(uri)
        found = self._notebooks.at(path, place.start.line) if self._notebooks.is_open(path) else None
        if found is None and (cells := self._notebooks.cells(path)):
            return cells[-1]  # an insertion behind the last line
        return found


def _in_cell(value: Any, cell: CellPlace) -> Any:
    if isinstance(value, lsp.Range):
        return lsp.Range(_in_cell(value.start, cell), _in_cell(value.end, cell))
    line = value.line - cell.first
    if line >= cell.count:  # behind the last character, which the client takes for the end of the cell
        return lsp.Position(cell.count - 1, (1 << 31) - 1)
    return lsp.Position(max(0, line), value.character if line >= 0 else 0)
