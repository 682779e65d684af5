"""An editor with a server: one client, documents that it edits, and what it is shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lsp.client import Client, serving

PATIENCE = 120.0
VSCODE: dict[str, Any] = {
    "workspace": {
        "configuration": True,
        "codeLens": {"refreshSupport": True},
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "workspaceEdit": {"documentChanges": True},
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "textDocument": {
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor"]}}},
        "definition": {"linkSupport": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "publishDiagnostics": {"relatedInformation": True},
    },
    "general": {"positionEncodings": ["utf-16"]},
}


class Editor:
    """A client with one document, which it edits as an editor does."""

    def __init__(self, client: Client, path: Path) -> None:
        self.client = client
        self.path = path
        self.uri = path.as_uri()
        self.text = path.read_text(encoding="utf-8")
        self.version = 1

    def open(self) -> None:
        """Open the document."""
        self.client.open(self.uri, self.text)

    def insert(self, line: int, text: str) -> None:
        """Insert text at the beginning of a 0-based line."""
        self.version += 1
        at = {"line": line, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": text}
        document = {"uri": self.uri, "version": self.version}
        self.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        lines = self.text.splitlines(keepends=True)
        lines[line:line] = [text]
        self.text = "".join(lines)

    def replace(self, old: str, new: str) -> None:
        """Replace a stretch of the text, which stands in it once."""
        assert self.text.count(old) == 1, old
        self.version += 1
        start, end = self.at(f"|{old}")["position"], self.at(f"{old}|")["position"]
        change = {"range": {"start": start, "end": end}, "text": new}
        document = {"uri": self.uri, "version": self.version}
        self.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        self.text = self.text.replace(old, new)

    def close(self) -> None:
        """Close the document."""
        self.client.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})

    def another(self, path: Path) -> Editor:
        """Open another document, of the same server."""
        editor = Editor(self.client, path)
        editor.open()
        return editor

    def command(self, name: str, *qualname: str) -> Any:
        """Execute a command, for a target of the document where one is named."""
        arguments = [f"{self.path}::{name}" for name in qualname]
        return self.client.result("workspace/executeCommand", {"command": f"aotlens.{name}", "arguments": arguments})

    def configure(self, **settings: Any) -> None:
        """Change the settings, in a client that is asked for them, and wait until the server has them."""
        asked = len(self.client.of("workspace/configuration"))
        self.client.answers["workspace/configuration"] = [{"interpreter": sys.executable, **settings}]
        self.client.notify("workspace/didChangeConfiguration", {"settings": None})
        self.client.wait(lambda: len(self.client.of("workspace/configuration")) > asked or None)
        self.client.text(self.path.as_uri())  # one round trip more: the answer has been taken over

    def changed_on_disk(self, *paths: Path) -> None:
        """Tell the server that files were changed, made or removed outside the editor."""
        changes = [{"uri": path.as_uri(), "type": 2 if path.exists() else 3} for path in paths]
        self.client.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    def statuses(self) -> list[dict[str, Any]]:
        """The states of tracers that were told."""
        return [message["params"] for message in self.client.of("aotlens/status")]

    def logged(self, part: str) -> list[str]:
        """The lines of the log that have something in them."""
        lines = [message["params"]["message"] for message in self.client.of("window/logMessage")]
        return [line for line in lines if part in line]

    def popped_up(self) -> list[str]:
        """The messages that popped up, which are thereby accepted."""
        shown = self.client.of("window/showMessage")
        for message in shown:
            self.client.messages.remove(message)
        return [message["params"]["message"] for message in shown]

    def save(self) -> None:
        """Save the document: the server is notified, the file does not change."""
        self.client.notify("textDocument/didSave", {"textDocument": {"uri": self.uri}})

    def at(self, marked: str) -> dict[str, Any]:
        """The position that `|` marks in a stretch of the document's text."""
        offset = self.text.index(marked.replace("|", "")) + marked.index("|")
        before = self.text[:offset]
        character = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
        return {"textDocument": {"uri": self.uri}, "position": {"line": before.count("\n"), "character": character}}

    def ask(self, method: str, marked: str, **more: Any) -> Any:
        """The answer to a request at a position."""
        return self.client.result(f"textDocument/{method}", {**self.at(marked), **more})

    def hover(self, marked: str) -> str:
        """The text of the hover at a position."""
        found = self.ask("hover", marked)
        return found["contents"]["value"] if found else ""

    def lenses(self) -> list[str]:
        """The titles of the lenses."""
        return [command["title"] for command in self._lens_commands()]

    def tooltips(self) -> list[str]:
        """The tooltips of the lenses: the figures, the example, the state, and the effect of a click."""
        return [command.get("tooltip", "") for command in self._lens_commands()]

    def _lens_commands(self) -> list[dict[str, Any]]:
        lenses = self.client.result("textDocument/codeLens", {"textDocument": {"uri": self.uri}})
        return [self.client.result("codeLens/resolve", one)["command"] for one in lenses]

    def until(self, holds: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the lenses are so."""
        end = time.monotonic() + PATIENCE
        while not holds(found := self.lenses()):
            assert time.monotonic() < end, found
            time.sleep(0.1)
        return found

    def until_traced(self) -> list[str]:
        """Wait for a whole map of today's text."""

        def whole(lenses: list[str]) -> bool:
            return any("saves " in one for one in lenses) and not any(
                word in one for one in lenses for word in ("stale", "tracing", "waiting")
            )

        return self.until(whole)

    def until_diagnosed(self, code: str) -> list[dict[str, Any]]:
        """Wait until the document has a diagnostic with this code. Gives all that it has then."""

        def found() -> list[dict[str, Any]] | None:
            diagnostics = self.diagnostics()
            return diagnostics if code in {one["code"] for one in diagnostics} else None

        return self.client.wait(found, what=f"a diagnostic {code}")

    def until_undiagnosed(self) -> None:
        """Wait until the document has no diagnostics."""
        self.client.wait(lambda: True if self.diagnostics() == [] else None, what="no diagnostics")

    def diagnostics(self) -> list[dict[str, Any]]:
        """The last diagnostics that were sent for the document."""
        sent = [m["params"] for m in self.client.of("textDocument/publishDiagnostics")]
        return next((p["diagnostics"] for p in reversed(sent) if p["uri"] == self.uri), [])


@contextmanager
def editing(
    path: Path,
    *,
    trusted: bool = True,
    capabilities: Any = None,
    folders: Sequence[Path] = (),
    options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Editor]:
    """An editor with a server, in which a document is open. The workspace is its folder unless it is given.

    `options` are further `initializationOptions`.
    """
    with serving(initialize=False) as client:
        settings = {"interpreter": sys.executable, **settings}
        client.answers["window/showDocument"] = {"success": True}
        client.answers["workspace/configuration"] = [settings]
        workspace = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders or (path.parent,)]
        params = {"processId": None, "capabilities": VSCODE if capabilities is None else capabilities}
        initial = {"trusted": trusted, "settings": settings, **(options or {})}
        client.result("initialize", {**params, "workspaceFolders": workspace, "initializationOptions": initial})
        client.notify("initialized", {})
        editor = Editor(client, path)
        editor.open()
        yield editor
