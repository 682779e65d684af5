"""Cells of notebooks, over LSP's notebook synchronisation: in their own documents, at their own positions."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from aotlens.page.document import MARK
from lsp.client import serving
from lsp.editor import Editor
from lsp.notebook_editor import Cell, NotebookEditor, editing_notebook
from notebook_files import code, markdown, write_notebook

IMPORTS = "%matplotlib inline\nimport torch\nfrom torch import nn\nimport missing_package\nwidth = 4"
HEAD = """\
class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.key = nn.Linear(width, width)
        self.dead = nn.Linear(width, width)

    def forward(self, x):
        return self.key(x)
"""
NET = """\
# aotlens: Net()(torch.randn(2, 4))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = Head()

    def forward(self, x):
        y = "🙂"; z = self.head(x)
        return z"""
CELLS = (
    markdown("# A model"),
    code(IMPORTS),
    code("%%bash\nclass Net(nn.Module): ..."),
    code(HEAD),
    code(""),
    code(NET),
    code("model = Net()\nfor _ in range(10):\n    loss = model(torch.randn(2, 4)).sum()\n    loss.backward()"),
    code("x = ("),
)


def test_a_notebook_answers_in_its_cells(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "model.ipynb", *CELLS)
    settings: Any = {"inlayHints": {"values": "all"}}
    with editing_notebook(path, *CELLS, **settings) as notebook:
        head, net, training, broken = (notebook.cells[index] for index in (3, 5, 6, 7))
        assert "saves" in net.until_traced()[0]
        head.until_diagnosed("parameter-without-gradient")
        _answers_are_in_cells(notebook)
        _cells_move(notebook)
        assert broken.lenses() == []
        assert training.lenses(), "the training step has one"
        notebook.close()
        head.until_undiagnosed()
        _a_client_joins_the_cells_itself(notebook)


def _answers_are_in_cells(notebook: NotebookEditor) -> None:
    head, net = notebook.cells[3], notebook.cells[5]
    (finding,) = [one for one in head.diagnostics() if one["code"] == "parameter-without-gradient"]
    assert finding["range"]["start"] == {"line": 4, "character": 20}
    assert len(head.lenses()) == len(net.lenses()) == 1
    assert "head.key`" in head.hover("self.k|ey(x)")
    shown = net.ask("hover", "self.he|ad(x)")
    assert shown["range"] == {"start": {"line": 7, "character": 22}, "end": {"line": 7, "character": 31}}
    links = net.ask("definition", "self.he|ad(x)")
    assert (links[0]["targetUri"], links[0]["targetRange"]["start"]["line"]) == (net.uri, 4)
    links = head.ask("definition", "self.k|ey(x)")
    assert (links[0]["targetUri"], links[0]["targetRange"]["start"]["line"]) == (head.uri, 3)
    used = head.ask("references", "self.k|ey =", context={"includeDeclaration": True})
    assert used and {one["uri"] for one in used} == {head.uri} and used[0]["range"]["start"]["line"] == 3
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    about = {"textDocument": {"uri": head.uri}, "range": whole}
    hints = notebook.client.result("textDocument/inlayHint", about)
    assert [(hint["position"]["line"], hint["label"]) for hint in hints if hint["position"]["line"] == 7]
    assert all(0 <= hint["position"]["line"] < 9 for hint in hints)
    assert (
        "model.ipynb, cell 4, line 5"
        in notebook.client.result("aotlens/map", {"target": f"{notebook.path}::Net"})["markdown"]
    )
    _the_report_is_of_the_map_that_is_there(notebook)
    symbols = notebook.client.result("workspace/symbol", {"query": "key.weight"})
    assert symbols[0]["location"]["uri"] == head.uri and symbols[0]["location"]["range"]["start"]["line"] == 3
    slots = notebook.client.result("aotlens/slots", net.at("self.he|ad(x)"))
    assert slots["groups"][0]["rows"][0]["location"]["uri"] == head.uri


def _the_report_is_of_the_map_that_is_there(notebook: NotebookEditor) -> None:
    traces = _busy(notebook)
    assert traces
    page = notebook.client.result("aotlens/report", {"target": f"{notebook.path}::Net"})["html"]
    assert "model.ipynb, cell 4, line 5" in page and "self.dead = nn.Linear(width, width)" in page
    assert "default-src 'none'" in html.unescape(page) and MARK in page
    path = notebook.cells[5].command("showReport", "Net")["path"]
    assert Path(path).name == "Net.report.html" and Path(path).read_text(encoding="utf-8") == page
    (shown,) = [m["params"] for m in notebook.client.of("window/showDocument")]
    assert (shown["uri"], shown["external"]) == (Path(path).as_uri(), True)
    assert _busy(notebook) == traces, "nothing was traced for it"


def _busy(notebook: NotebookEditor) -> int:
    """How often the tracer has begun to work; it may say later that it is ready."""
    return sum(message["params"]["state"] == "busy" for message in notebook.client.of("aotlens/status"))
    notebook.client.error("aotlens/report", {"target": f"{notebook.path}::Missing"})


def _cells_move(notebook: NotebookEditor) -> None:
    head, net = notebook.cells[3], notebook.cells[5]
    notebook.insert(0, "code", "import os\nimport sys")
    assert "head.key`" in head.hover("self.k|ey(x)"), "the map moves with the cells"
    notebook.move(4, 6)
    assert notebook.cells[6] is head
    assert len(head.lenses()) == len(net.lenses()) == 1
    head.replace("self.key(x)", "self.key(x).tanh()")
    notebook.remove(0)
    assert notebook.text.count("import sys") == 0
    notebook.save()
    assert "saves" in net.until_traced()[0]
    head.until_diagnosed("parameter-without-gradient")
    net.replace("🙂", "🙂🙂")
    assert net.ask("hover", "self.he|ad(x)")["range"]["start"]["character"] == 24


def _a_client_joins_the_cells_itself(notebook: NotebookEditor) -> None:
    """JupyterLab's client sends one document, in a folder for such documents, and replaces magics by calls."""
    magic = "get_ipython().run_line_magic('matplotlib', 'inline')"
    text = f"{IMPORTS}\n\n{HEAD}\n\n{NET}".replace("%matplotlib inline", magic)
    path = notebook.path.parent / ".virtual_documents" / "model.ipynb"
    editor = Editor(notebook.client, notebook.path)
    editor.path, editor.uri, editor.text = path, path.as_uri(), text
    editor.open()
    assert "saves" in editor.until_traced()[-1]
    assert "head.key`" in editor.hover("self.k|ey(x)")


def test_cells_that_are_edited_and_moved_while_an_earlier_text_is_traced(tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    wait = f"        while os.path.exists({str(hold)!r}):\n            time.sleep(0.01)\n        self.head = Head()"
    held = NET.replace("        self.head = Head()", wait)
    cells = (code(f"import os, time\n{IMPORTS}"), code(HEAD), code("unused = 1"), code(held), code("also_unused = 2"))
    path = write_notebook(tmp_path / "model.ipynb", *cells)
    with editing_notebook(path, *cells) as notebook:
        _, head, unused, net, _ = notebook.cells
        net.until(lambda lenses: "tracing" in lenses[0])
        notebook.insert(0, "code", "# above\n\n")
        notebook.move(2, 4)  # the head comes behind the model
        notebook.remove(notebook.cells.index(unused))
        notebook.insert(2, "markdown", "# Here is the model")
        head.replace("self.key(x)", "self.key(x).tanh()")
        net.replace("return z", "return z + 1")
        assert [notebook.cells.index(cell) for cell in (net, head)] == [3, 4]
        hold.unlink()
        (lens,) = net.until(lambda lenses: "saves " in lenses[0] and "tracing" not in lenses[0])
        assert lens.endswith(" · stale: the code has changed since"), "the answer is of the text before"
        head.until_diagnosed("parameter-without-gradient")
        _all_is_in_the_cells_as_they_are(head, net, stale=True)
        notebook.save()
        net.until_traced()
        notebook.client.wait(lambda: None if "stale" in str(head.diagnostics()) else True, what="fresh findings")
        _all_is_in_the_cells_as_they_are(head, net, stale=False)
        assert "tanh" in head.hover("self.key(x).ta|nh()")


def _all_is_in_the_cells_as_they_are(head: Cell, net: Cell, *, stale: bool) -> None:
    """Everything shown stands at its text, and says so if that is not the traced text.

    The head waited for the trace of the model, and was then traced as it was by that time.
    """
    (finding,) = [one for one in head.diagnostics() if one["code"] == "parameter-without-gradient"]
    start, end = finding["range"]["start"], finding["range"]["end"]
    assert head.text.split("\n")[start["line"]][start["character"] : end["character"]] == "nn.Linear(width, width)"
    assert head.text.split("\n")[start["line"]].strip().startswith("self.dead") and start["line"] == end["line"]
    assert ("Stale" in net.hover("self.he|ad(x)")) == stale
    for cell, marked in ((head, "self.k|ey = "), (net, "self.he|ad(x)")):
        shown = cell.ask("hover", marked)["range"]
        (line,) = {shown["start"]["line"], shown["end"]["line"]}
        assert marked.replace("|", "") in cell.text.split("\n")[line]
    for cell in (head, net):
        for lens in cell.client.result("textDocument/codeLens", {"textDocument": {"uri": cell.uri}}):
            assert cell.text.split("\n")[lens["range"]["start"]["line"]].startswith("class ")


def test_a_folder_that_is_not_trusted_and_edits_of_its_cells(tmp_path: Path) -> None:
    cells = (code(IMPORTS), code(f"\n{HEAD}open({str(tmp_path / 'run')!r}, 'w')"))
    path = write_notebook(tmp_path / "model.ipynb", *cells)
    with editing_notebook(path, *cells, trusted=False) as notebook:
        cell = notebook.cells[1]
        (answer,) = [one["result"] for one in notebook.client.messages if "capabilities" in (one.get("result") or {})]
        offered = {"notebookSelector": [{"notebook": "jupyter-notebook"}], "save": True}
        assert answer["capabilities"]["notebookDocumentSync"] == offered
        assert "not trusted" in cell.lenses()[0]
        assert "not trusted" in cell.hover("class He|ad")
        _edits_are_in_cells(cell)
        _what_no_notebook_has_changes_nothing(notebook)
        assert not notebook.client.of("aotlens/status") and not (tmp_path / "run").exists()


def _edits_are_in_cells(cell: Cell) -> None:
    cell.client.answers["workspace/applyEdit"] = {"applied": True}
    cell.command("pinExample", "Head")
    edit = cell.client.of("workspace/applyEdit")[0]["params"]["edit"]
    assert list(edit["changes"]) == [cell.uri]
    assert edit["changes"][cell.uri][0]["range"]["start"] == {"line": 1, "character": 0}
    here = {"line": 1, "character": 8}
    about = {"textDocument": {"uri": cell.uri}, "range": {"start": here, "end": here}, "context": {"diagnostics": []}}
    actions = cell.client.result("textDocument/codeAction", about)
    parts = [part for action in actions for part in (action.get("edit") or {}).get("documentChanges", [])]
    assert [part["textDocument"] for part in parts] == [{"uri": cell.uri, "version": 1}]
    assert parts[0]["edits"][0]["range"]["start"] == {"line": 1, "character": 0}


def _what_no_notebook_has_changes_nothing(notebook: NotebookEditor) -> None:
    client, (first, second) = notebook.client, notebook.cells
    text = notebook.text
    absent = {"document": {"uri": "vscode-notebook-cell:/x#W9", "version": 2}, "changes": [{"text": ""}]}
    notebook.change({"structure": {"array": {"start": 0, "deleteCount": 2}}, "textContent": [absent]})
    notebook.change({"textContent": "nonsense"})
    no_notebook = {"uri": "file:///no.ipynb", "version": 2}
    client.notify("notebookDocument/didChange", {"notebookDocument": no_notebook, "change": {}})
    client.notify("notebookDocument/didClose", {"notebookDocument": {"uri": "file:///no"}, "cellTextDocuments": []})
    notebook.change({"structure": {"array": {"start": 7, "deleteCount": 9}}})
    assert notebook.text == text
    notebook.change({"data": [{"kind": 1, "document": second.uri}]})
    assert notebook.text == f"pass{IMPORTS.removeprefix('%matplotlib inline')}\n", "it is Markdown now"
    notebook.change({"data": [second.data]})
    first.replace("width = 4", "width = 5\n!ls")
    assert notebook.text == text.replace("width = 4", "width = 5\npass")
    array = {"start": 0, "deleteCount": 2, "cells": [second.data, first.data]}
    reopened = {"didClose": [{"uri": first.uri}], "didOpen": [first.item]}
    notebook.change({"structure": {"array": array, **reopened}})
    assert notebook.text.endswith("width = 5\npass\n"), "a moved cell may be closed and opened"
    notebook.close()
    assert client.text(notebook.path.as_uri()) is None


def test_a_client_without_notebooks_is_offered_none() -> None:
    with serving(initialize=False) as client:
        answer = client.result("initialize", {"processId": None, "capabilities": {}})
        assert "notebookDocumentSync" not in answer["capabilities"]
