"""Nothing of a folder runs before it is trusted: traps in all places where programs and Python look for code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aotlens.lsp.methods import COMMANDS
from lsp.client import SERVER, Client, serving
from lsp.editor import VSCODE

MODEL = "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x\n"
MODULES = ("sitecustomize", "usercustomize", "torch", "json", "lsprotocol", "pygls", "platformdirs", "tree_sitter")
PROGRAMS = ("python", "python3", "git", ".venv/bin/python", "venv/bin/python3", ".conda/bin/python", "conda/bin/python")


class Traps:
    """A folder full of traps. Each leaves a file with its name when it is sprung."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sprung_in = folder / "project", folder / "sprung"
        self.sprung_in.mkdir(parents=True)
        self.model = self.file("model.py", self.python("model") + MODEL)
        for name in MODULES:
            self.file(f"{name}.py", self.python(name))
        for name in PROGRAMS:
            self.program(name)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        for environment in (".venv", "venv", ".conda", "conda"):
            packages = f"{environment}/lib/{version}/site-packages"
            self.file(f"{packages}/trap.pth", "import sys; " + self.python("pth"))
            self.file(f"{packages}/sitecustomize.py", self.python("sitecustomize of an environment"))
            self.file(f"{environment}/pyvenv.cfg", f"home = {self.folder}\ninclude-system-site-packages = true\n")
            self.file(f"{environment}/conda-meta/state", "{}")
        self.file(".python-version", f"{self.folder}/.venv")
        self.file(".env", f"PYTHONPATH={self.folder}\nPYTHONSTARTUP={self.folder}/torch.py\nLD_PRELOAD=trap.so\n")
        self.file(
            ".vscode/settings.json", '{"aotlens.interpreter": "./python", "aotlens.importStrategy": "useBundled"}'
        )
        example = f'"model.py::Net" = "{self.python("example").strip()}"'
        self.file("pyproject.toml", f'[tool.poetry]\nname = "trap"\n[tool.aotlens.examples]\n{example}\n')
        self.file(".git/config", f"[core]\n\tfsmonitor = {self.folder}/git\n\thooksPath = {self.folder}\n")

    def program(self, name: str) -> Path:
        """A program that springs."""
        path = self.file(name, f"#!/bin/sh\n: > '{self.sprung_in}/{name.replace('/', '-')}'\nexit 1\n")
        path.chmod(0o755)
        return path

    @property
    def sprung(self) -> list[str]:
        """The traps that were sprung."""
        return sorted(os.listdir(self.sprung_in))

    def python(self, name: str) -> str:
        """Code that springs."""
        return f"open('{self.sprung_in}/{name}', 'w').close()\n"

    def file(self, name: str, text: str) -> Path:
        """A file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@contextmanager
def opened(
    traps: Traps,
    monkeypatch: pytest.MonkeyPatch,
    trusted: Any,
    workspace: Path,
    settings: dict[str, Any],
    options: dict[str, Any] | None = None,
) -> Iterator[Client]:
    """A server that was started in the folder with the traps, and in which its model is open."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f".:{traps.folder}:{os.environ['PATH']}")
    # As `aotlens` is started, from its own folder: `python -m` would search the working directory first.
    monkeypatch.chdir(traps.folder)
    code = f"import sys; sys.path[0] = {str(SERVER)!r}; from aotlens.cli import main; main()"
    with serving("-c", code, "serve", initialize=False) as client:
        client.answers["workspace/configuration"] = [settings]
        client.answers["window/showDocument"] = {"success": True}
        client.result(
            "initialize",
            {
                "processId": None,
                "capabilities": VSCODE,
                "workspaceFolders": [{"uri": workspace.as_uri(), "name": workspace.name}],
                "initializationOptions": {"trusted": trusted, "settings": settings, **(options or {})},
            },
        )
        client.notify("initialized", {})
        client.open(traps.model.as_uri(), traps.model.read_text(encoding="utf-8"))
        yield client
        for message in (
            *client.of("window/showMessage"),
            *client.of("window/showMessageRequest"),
        ):  # that a trap is no interpreter, that nothing is traced
            client.messages.remove(message)


def lens(client: Client, traps: Traps, model: Path | None = None) -> str:
    document = {"textDocument": {"uri": (model or traps.model).as_uri()}}
    found = client.result("textDocument/codeLens", document)
    return str(client.result("codeLens/resolve", found[0])["command"]["title"]) if found else ""


def ask_for_everything(client: Client, traps: Traps) -> None:
    """Every request at every line, every command, and all that an editor tells a server."""
    uri = traps.model.as_uri()
    document = {"textDocument": {"uri": uri}}
    for line in range(MODEL.count("\n") + 1):
        at = {**document, "position": {"line": line, "character": 8}}
        for method in ("hover", "definition", "completion", "signatureHelp", "documentHighlight"):
            client.result(f"textDocument/{method}", at)
        around = {"start": at["position"], "end": at["position"]}
        actions = {**document, "range": around, "context": {"diagnostics": []}}
        client.result("textDocument/codeAction", actions)
    client.result("textDocument/documentSymbol", document)
    client.result("aotlens/slots", {**document, "position": {"line": 5, "character": 8}})
    for name in COMMANDS:
        target = f"{traps.model}::Net"
        for arguments in ([target], [target, "joint"], [target, ["x"]], []):
            client.reply(client.request("workspace/executeCommand", {"command": name, "arguments": arguments}))
    client.notify("textDocument/didSave", document)
    changed = [traps.model, traps.folder / "pyproject.toml"]
    client.notify(
        "workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": 2} for path in changed]}
    )
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    lens(client, traps)


def until(found: Any, seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (result := found()) and time.monotonic() < end:
        time.sleep(0.05)
    return result


def everything_that_names_code(traps: Traps) -> dict[str, Any]:
    return {
        "interpreter": str(traps.program("chosen")),
        "trace": {
            "environment": {"PYTHONPATH": str(traps.folder), "LD_PRELOAD": "trap.so", "PYTHONHOME": str(traps.folder)},
            "importPaths": [str(traps.folder)],
            "workingDirectory": str(traps.folder),
            "run": "onType",
        },
    }


@pytest.mark.parametrize("trusted", [False, None, "true", 1, {}, [1], ["relative"], []], ids=repr)
def test_before_trust_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: Any) -> None:
    traps = Traps(tmp_path)
    selected = {traps.folder.as_uri(): {"path": str(traps.program("selected")), "reason": "a test"}}
    settings = everything_that_names_code(traps)
    with opened(traps, monkeypatch, trusted, traps.folder, settings, {"interpreters": selected}) as client:
        assert lens(client, traps) == "not traced: this workspace is not trusted"
        if trusted is False:
            ask_for_everything(client, traps)
            client._expected_errors.update(client._sent)
        assert not client.of("aotlens/status")
        assert traps.sprung == []
        if trusted is False:  # the traps work
            client.notify("aotlens/didChangeTrust", {"trusted": True})
            assert until(lambda: traps.sprung) == ["chosen"]


def test_a_file_outside_the_trusted_folders_does_not_run_before_the_user_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traps = Traps(tmp_path / "elsewhere")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with opened(traps, monkeypatch, True, workspace, {}) as client:
        assert lens(client, traps) == "not traced: this file is in no trusted folder"
        ask_for_everything(client, traps)  # the questions are answered with nothing
        client._expected_errors.update(client._sent)
        questions = client.of("window/showMessageRequest")
        assert questions and str(traps.folder) in questions[0]["params"]["message"]
        assert traps.sprung == [] and not client.of("aotlens/status")

        answer = questions[0]["params"]["actions"][0]
        client.answers["window/showMessageRequest"] = answer
        command = {"command": "aotlens.traceNow", "arguments": [f"{traps.model}::Net"]}
        client.result("workspace/executeCommand", command)
        assert until(lambda: traps.sprung) == [".venv-bin-python"]


def test_a_list_of_trusted_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traps = Traps(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "project")
    beside = f"{traps.folder}-of-another"
    with opened(traps, monkeypatch, [beside], traps.folder, {}) as client:
        assert lens(client, traps) == "not traced: this file is in no trusted folder"
        client.notify("aotlens/didChangeTrust", {"trusted": [f"{traps.folder}/../project/sub"]})
        assert lens(client, traps) == "not traced: this file is in no trusted folder"
        assert traps.sprung == []
        client.notify("aotlens/didChangeTrust", {"trusted": [(tmp_path / "link").as_uri()]})
        assert until(lambda: traps.sprung) == [".venv-bin-python"]


def test_a_trusted_folder_in_a_workspace_that_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traps = Traps(tmp_path)
    mine = traps.file("mine/model.py", "from . import sister\n" + MODEL)
    traps.file("mine/sister.py", "try:\n    import neighbour\nexcept ImportError:\n    pass\n")
    traps.file("mine/__init__.py", "")
    for name in ("__init__", "neighbour"):
        traps.file(f"{name}.py", traps.python(f"{name} above"))
    traps.file("use.py", f"from mine.model import Net\nNet()({traps.python('a call').strip()})\n")
    example = f'"mine/model.py::Net" = "{traps.python("example for mine").strip()}"'
    traps.file("pyproject.toml", f"[tool.aotlens.examples]\n{example}\n")
    with opened(traps, monkeypatch, [str(mine.parent)], traps.folder, {}) as client:
        client.open(mine.as_uri(), mine.read_text(encoding="utf-8"))
        title = until(lambda: "" if "trac" in (now := lens(client, traps, mine)) else now, 120)
        assert title.startswith("1 input"), title
        assert lens(client, traps) == "not traced: this file is in no trusted folder"
        assert traps.sprung == []
        client.notify("aotlens/didChangeTrust", {"trusted": True})
        assert until(lambda: traps.sprung) == [".venv-bin-python"]


@pytest.mark.parametrize(
    "options, is_trusted", [({}, True), ({"trusted": False}, False), ({"trusted": True}, True), ({"trusted": 3}, False)]
)
def test_the_command_line_trusts_where_the_client_says_nothing(tmp_path: Path, options: Any, is_trusted: bool) -> None:
    for folder in ("named", "other"):
        (tmp_path / folder).mkdir()
    with serving("-m", "aotlens", "serve", "--trusted", str(tmp_path / "named"), initialize=False) as client:
        manual = {**options, "settings": {"trace": {"run": "manual"}}}
        client.initialize(rootUri=tmp_path.as_uri(), initializationOptions=manual)
        told = {}
        for folder in ("named", "other"):
            uri = (tmp_path / folder / "model.py").as_uri()
            client.open(uri, MODEL)
            (lens,) = client.result("textDocument/codeLens", {"textDocument": {"uri": uri}})
            told[folder] = "trusted" not in client.result("codeLens/resolve", lens)["command"]["title"]
        assert told == {"named": is_trusted, "other": options.get("trusted") is True}
