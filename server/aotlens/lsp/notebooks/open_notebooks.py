"""The notebooks that the client has open: their cells, and the text that is joined from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lsprotocol import types as lsp

from aotlens.lsp.positions import Encoding, to_edit
from aotlens.text.documents import Document
from aotlens.text.notebooks import CodeCell, JoinedNotebook, joined, opened
from aotlens.text.uris import path_of

_PYTHON = "python"


class NoSuchCell(LookupError):
    """A change is about a notebook or a cell that is not open."""


@dataclass(frozen=True)
class CellPlace:
    """The place of a cell in the text of its notebook: the first line, from 0 as in LSP, and the number of lines."""

    notebook: str
    uri: str
    version: int
    first: int
    count: int

    def has(self, line: int) -> bool:
        """Whether a line of the text, from 0, is one of the cell."""
        return self.first <= line < self.first + self.count


@dataclass(frozen=True)
class OpenNotebook:
    """A notebook. `order` are the URIs of all its cells with their kinds; `texts` are the documents of these cells."""

    uri: str
    order: tuple[tuple[str, lsp.NotebookCellKind], ...]
    texts: Mapping[str, Document]

    def joined(self) -> tuple[JoinedNotebook, tuple[CellPlace, ...]]:
        """The text of the Python cells, and their places in it."""
        code = [
            (number, self.texts[uri])
            for number, (uri, kind) in enumerate(self.order, 1)
            if kind == lsp.NotebookCellKind.Code and uri in self.texts and self.texts[uri].language == _PYTHON
        ]
        whole = joined(CodeCell(number, document.text) for number, document in code)
        places = (
            CellPlace(self.uri, document.uri, document.version, first - 1, count)
            for (_, document), (_, first, count) in zip(code, whole.cells, strict=True)
        )
        return whole, tuple(places)


class OpenNotebooks:
    """The open notebooks. Changes on the event loop only."""

    def __init__(self) -> None:
        self._by_uri: dict[str, OpenNotebook] = {}
        self._places: dict[str, tuple[CellPlace, ...]] = {}  # by the path of the notebook
        self._by_cell: dict[str, CellPlace] = {}

    def __bool__(self) -> bool:
        return bool(self._by_uri)

    def cell(self, uri: str) -> CellPlace | None:
        """The place of a cell of Python code; None for any other document."""
        return self._by_cell.get(uri)

    def cells(self, path: str) -> tuple[CellPlace, ...]:
        """The cells of Python code of a notebook, in their order; none for any other document."""
        return self._places.get(path, ())

    def is_open(self, path: str) -> bool:
        """Whether a path is that of an open notebook."""
        return path in self._places

    def at(self, path: str, line: int) -> CellPlace | None:
        """The cell that has a line (from 0) of the text of a notebook; None behind the last one."""
        return next((place for place in self.cells(path) if place.has(line)), None)

    def open(self, params: lsp.DidOpenNotebookDocumentParams) -> str:
        """Add a notebook. Gives its text."""
        document = params.notebook_document
        return self._put(OpenNotebook(document.uri, _order(document.cells), _documents(params.cell_text_documents)))

    def change(self, params: lsp.DidChangeNotebookDocumentParams, encoding: Encoding) -> str:
        """Change the cells of a notebook. Gives its text. Raises NoSuchCell, and has then changed nothing."""
        notebook = self._by_uri.get(params.notebook_document.uri)
        if notebook is None:
            raise NoSuchCell(params.notebook_document.uri)
        cells = params.change.cells
        if cells is not None and cells.structure is not None:
            notebook = _rearranged(notebook, cells.structure)
        if cells is not None and cells.data:
            kinds = dict(_order(cells.data))
            order = tuple((uri, kinds.get(uri, kind)) for uri, kind in notebook.order)
            notebook = replace(notebook, order=order)
        for change in (cells.text_content if cells is not None else None) or ():
            notebook = _edited(notebook, change, encoding)
        return self._put(notebook)

    def close(self, uri: str) -> None:
        """Remove a notebook."""
        if self._by_uri.pop(uri, None) is not None:
            self._forget_cells(path_of(uri))
            del self._places[path_of(uri)]

    def _put(self, notebook: OpenNotebook) -> str:
        path = path_of(notebook.uri)
        self._forget_cells(path)
        whole, places = notebook.joined()
        self._by_uri[notebook.uri] = notebook
        self._places[path] = places
        self._by_cell |= {place.uri: place for place in places}
        opened(path, whole)
        return whole.text

    def _forget_cells(self, path: str) -> None:
        for place in self.cells(path):
            self._by_cell.pop(place.uri, None)


def _order(cells: Sequence[lsp.NotebookCell]) -> tuple[tuple[str, lsp.NotebookCellKind], ...]:
    return tuple((cell.document, cell.kind) for cell in cells)


def _documents(items: Sequence[lsp.TextDocumentItem]) -> dict[str, Document]:
    return {each.uri: Document(each.uri, each.uri, each.version, each.text, each.language_id) for each in items}


def _rearranged(notebook: OpenNotebook, structure: lsp.NotebookDocumentCellChangeStructure) -> OpenNotebook:
    """The notebook with cells added, removed or in another order."""
    array = structure.array
    kept = list(notebook.order)
    kept[array.start : array.start + array.delete_count] = _order(array.cells or ())
    closed = {each.uri for each in structure.did_close or ()}  # a cell that is moved may be closed and opened
    texts = {uri: document for uri, document in notebook.texts.items() if uri not in closed}
    return replace(notebook, order=tuple(kept), texts=texts | _documents(structure.did_open or ()))


def _edited(notebook: OpenNotebook, change: lsp.NotebookDocumentCellContentChanges, encoding: Encoding) -> OpenNotebook:
    """The notebook with another text in a cell. Raises NoSuchCell."""
    document = notebook.texts.get(change.document.uri)
    if document is None:
        raise NoSuchCell(change.document.uri)
    for each in change.changes:
        document = document.changed(document.version, [to_edit(document, each, encoding)])
    document = document.changed(max(document.version, change.document.version), ())
    return replace(notebook, texts={**notebook.texts, document.uri: document})
