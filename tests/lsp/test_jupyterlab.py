"""A session of JupyterLab with jupyterlab-lsp, sent again, to a server that runs as the documentation configures it.

`recorded/notebooks/jupyterlab.jsonl` was made by `record_session.py` in JupyterLab 4.6.6 with jupyterlab-lsp 5.3.0 and
the notebook of `CELLS`: a hover, `.tanh()` typed in the last cell, a save, a cell deleted, a hover, a save.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from aotlens.cli.agents.attached import unsaved_texts
from lsp.client import Client, serving
from lsp.test_recorded_sessions import RECORDED, replayed
from notebook_files import code, markdown, write_notebook
from support import ROOT

CELLS = (
    markdown("# A model"),
    code("%matplotlib inline\nimport torch\nfrom torch import nn\nwidth = 4"),
    code("%%bash\nls"),
    code("!ls\n%time x = 1"),
    code(
        "class Head(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.key = nn.Linear(width, width)\n        self.dead = nn.Linear(width, width)\n\n"
        "    def forward(self, x):\n        return self.key(x)\n"
    ),
    code(""),
    code(
        "# aotlens: Net()(torch.randn(2, 4))\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.head = Head()\n\n    def forward(self, x):\n"
        "        z = self.head(x)\n        return z"
    ),
)


def test_a_session_of_jupyterlab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    path = write_notebook(folder / "model.ipynb", *CELLS)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    messages = replayed(RECORDED / "notebooks" / "jupyterlab.jsonl", folder)
    saves = [number for number, message in enumerate(messages, 1) if message["method"] == "textDocument/didSave"]
    socket = str(tmp_path / "agents" / "socket")
    with serving(*_command(folder), "--agents", socket, initialize=False) as client:
        client._next = 10_000  # the ids below are JupyterLab's
        opened = next(number for number, message in enumerate(messages) if message["method"] == "textDocument/hover")
        _send(client, messages[:opened])
        _until_found(client, path, 20, "head.dead.{weight,bias} of Net get no gradient: forward never uses them")
        told = unsaved_texts(socket)
        assert told is not None and "run_line_magic" in told.texts[str(path)] and not told.notebooks[str(path)].cells
        shown = client.result("aotlens/map", {"target": f"{path}::Net"})["markdown"]
        assert "model.ipynb:20" in shown and "cell" not in shown, "lines of the text, though the file was read"
        _send(client, messages[opened : saves[0] - 1])
        _until_found(client, path, 20, "(stale: the code has changed since)")
        _send(client, messages[saves[0] - 1 : saves[0]])
        _until_found(client, path, 20, "forward never uses them")
        assert "tanh" in _hover(client, path, 37, 26)
        _send(client, messages[saves[0] : saves[1] - 1])
        hover = client.reply(7)["result"]["contents"]["value"]
        assert "**module** `head.key` of `Net`" in hover, "the map moves up with the text"
        _send(client, messages[saves[1] - 1 :])
        _until_found(client, path, 16, "forward never uses them")
        assert not client.of("window/showMessage")


def _command(folder: Path) -> list[str]:
    """The command of the documentation's configuration, which trusts this folder."""
    text = (ROOT / "docs/editors/jupyterlab/aotlens.json").read_text(encoding="utf-8")
    assert f"```json\n{text}```" in (ROOT / "docs/notebooks.md").read_text(encoding="utf-8")
    configuration = json.loads(text)
    server = configuration["LanguageServerManager"]["language_servers"]["aotlens"]
    assert server["requires_documents_on_disk"] is False, "its documents would be copies in another folder"
    program, *arguments = server["argv"]
    assert program == "aotlens" and "~/work" in arguments and shutil.which(program, path=Path(sys.executable).parent)
    return ["-m", "aotlens", *(str(folder) if each == "~/work" else each for each in arguments)]


def _send(client: Client, messages: list[dict[str, Any]]) -> None:
    """Send messages, and wait for the answers to requests."""
    for message in messages:
        if "id" not in message:
            client.notify(message["method"], message.get("params"))
            continue
        client.request(message["method"], message["params"], message["id"])
        assert "error" not in client.reply(message["id"])


def _until_found(client: Client, path: Path, line: int, end: str) -> None:
    def found() -> bool | None:
        sent = [m["params"] for m in client.of("textDocument/publishDiagnostics")]
        last = next((p["diagnostics"] for p in reversed(sent) if p["uri"] == path.as_uri()), [])
        return [one["range"]["start"]["line"] for one in last if one["message"].endswith(end)] == [line] or None

    client.wait(found, what=f"{end} at {line}")


def _hover(client: Client, path: Path, line: int, character: int) -> str:
    about = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": character}}
    found = client.result("textDocument/hover", about)
    return found["contents"]["value"] if found else ""
