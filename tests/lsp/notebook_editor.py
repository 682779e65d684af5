"""An editor with a notebook open, as a client of LSP's notebook synchronisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lsp.client import Client
from lsp.editor import VSCODE, Editor, editing

CAPABILITIES = {
    **VSCODE,
    "workspace": {**VSCODE["workspace"], "applyEdit": True},
    "notebookDocument": {"synchronization": {"dynamicRegistration": True}},
}


class Cell(Editor):
    """A cell, as a document of its own."""

    def __init__(self, notebook: NotebookEditor, name: str, kind: str, text: str) -> None:
        self.client = notebook.client
        self.notebook = notebook
        self.path = notebook.path
        self.kind = kind
        self.uri = f"vscode-notebook-cell:{notebook.path.as_posix()}#{name}"
        self.text = text
        self.version = 1

    @property
    def item(self) -> dict[str, Any]:
        """The cell as a document that is opened."""
        language = "python" if self.kind == "code" else "markdown"
        return {"uri": self.uri, "languageId": language, "version": self.version, "text": self.text}

    @property
    def data(self) -> dict[str, Any]:
        """The cell as a part of its notebook."""
        return {"kind": 2 if self.kind == "code" else 1, "document": self.uri}

    def replace(self, old: str, new: str) -> None:
        """Replace a stretch of the text, which stands in it once."""
        assert self.text.count(old) == 1, old
        start, end = self.at(f"|{old}")["position"], self.at(f"{old}|")["position"]
        self.version += 1
        self.text = self.text.replace(old, new)
        document = {"uri": self.uri, "version": self.version}
        change = {"range": {"start": start, "end": end}, "text": new}
        self.notebook.change({"textContent": [{"document": document, "changes": [change]}]})


class NotebookEditor:
    """A notebook, with its cells in their order."""

    def __init__(self, client: Client, path: Path, cells: Sequence[tuple[str, str]]) -> None:
        self.client = client
        self.path = path
        self.version = 1
        self.cells = [Cell(self, f"W{number}", *cell) for number, cell in enumerate(cells)]
        notebook = {"uri": path.as_uri(), "notebookType": "jupyter-notebook", "version": 1}
        params = {
            "notebookDocument": {**notebook, "cells": [cell.data for cell in self.cells]},
            "cellTextDocuments": [cell.item for cell in self.cells],
        }
        client.notify("notebookDocument/didOpen", params)

    @property
    def text(self) -> str:
        """The text that the server has joined."""
        return self.client.text(self.path.as_uri())["text"]

    def change(self, cells: dict[str, Any]) -> None:
        """Tell the server of a change."""
        self.version += 1
        identifier = {"uri": self.path.as_uri(), "version": self.version}
        self.client.notify("notebookDocument/didChange", {"notebookDocument": identifier, "change": {"cells": cells}})

    def insert(self, at: int, kind: str, text: str) -> Cell:
        """Insert a cell."""
        cell = Cell(self, f"N{self.version}", kind, text)
        self.cells.insert(at, cell)
        array = {"start": at, "deleteCount": 0, "cells": [cell.data]}
        self.change({"structure": {"array": array, "didOpen": [cell.item]}})
        return cell

    def remove(self, at: int) -> None:
        """Remove a cell."""
        cell = self.cells.pop(at)
        array = {"start": at, "deleteCount": 1}
        self.change({"structure": {"array": array, "didClose": [{"uri": cell.uri}]}})

    def move(self, start: int, to: int) -> None:
        """Move a cell, as VS Code tells it: a stretch of cells is replaced."""
        self.cells.insert(to, self.cells.pop(start))
        first, last = min(start, to), max(start, to) + 1
        array = {"start": first, "deleteCount": last - first, "cells": [c.data for c in self.cells[first:last]]}
        self.change({"structure": {"array": array, "didOpen": [], "didClose": []}})

    def save(self) -> None:
        """Save the notebook."""
        self.client.notify("notebookDocument/didSave", {"notebookDocument": {"uri": self.path.as_uri()}})

    def close(self) -> None:
        """Close the notebook."""
        cells = [{"uri": cell.uri} for cell in self.cells]
        identifier = {"uri": self.path.as_uri()}
        self.client.notify("notebookDocument/didClose", {"notebookDocument": identifier, "cellTextDocuments": cells})


@contextmanager
def editing_notebook(path: Path, *cells: tuple[str, str], **options: Any) -> Iterator[NotebookEditor]:
    """An editor with a server, in which a notebook is open beside an empty file."""
    empty = path.with_name("empty.py")
    empty.touch()
    with editing(empty, capabilities=CAPABILITIES, **options) as editor:
        yield NotebookEditor(editor.client, path, cells)
