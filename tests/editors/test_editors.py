"""The configurations of docs/editors, as their editors use them: Neovim and Emacs themselves, the others' messages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lsp.client import serving

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CONFIGURATIONS = ROOT / "docs" / "editors"
COMMAND = ["aotlens", "serve"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder that the configurations trust: ~/work."""
    folder = tmp_path / "work" / "project"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    shutil.copy(ROOT / "docs" / "examples" / "norm.py", folder / "model.py")
    return folder


def environment(home: Path, configuration: Path) -> dict[str, str]:
    """What the editor finds: `aotlens` on PATH, from this folder, and its configuration."""
    bin = home / "bin"
    bin.mkdir()
    command = bin / "aotlens"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aotlens "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return {
        **os.environ,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PATH": f"{bin}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "server"),
        "VIRTUAL_ENV": sys.prefix,
        "CONFIG": str(configuration),
        "OUT": str(home / "out.json"),
    }


def neovim() -> str:
    """Neovim 0.11 or newer: that of the development dependencies, or the one on PATH."""
    beside = Path(sys.executable).parent / "nvim"
    found = str(beside) if beside.exists() else shutil.which("nvim")
    if found is None:
        pytest.skip("Neovim is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    numbers = re.match(r"NVIM v(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < (0, 11):
        pytest.skip("Neovim is older than 0.11")
    return found


def test_neovim(project: Path, tmp_path: Path) -> None:
    given = environment(tmp_path, CONFIGURATIONS / "neovim" / "aotlens.lua")
    command = [neovim(), "--headless", "--clean", "-i", "NONE", "-S", str(HERE / "neovim.lua")]
    done = subprocess.run(command, cwd=project, env=given, capture_output=True, text=True, timeout=240)
    assert Path(given["OUT"]).exists(), done.stderr
    got = json.loads(Path(given["OUT"]).read_text(encoding="utf-8"))
    assert "parameter-without-gradient" in got["diagnostics"], done.stderr
    assert [lens for lens in got["lenses"] if lens.startswith("2 parameters") and "saves 256 B" in lens], got
    assert got["hints"] > 0
    assert "scale.weight" in got["hover"]


LSP_MODE = pytest.param("lsp-mode", "lsp-mode.el", "aotlens-lsp-mode.el", marks=pytest.mark.proof)


@pytest.mark.parametrize(("package", "session", "configuration"), [("eglot", "emacs.el", "aotlens.el"), LSP_MODE])
def test_emacs(package: str, session: str, configuration: str, project: Path, tmp_path: Path) -> None:
    emacs = shutil.which("emacs")
    if emacs is None:
        pytest.skip("Emacs is not installed")
    begin = [emacs, "--batch", "--eval", "(package-initialize)"]
    if subprocess.run([*begin, "--eval", f"(require '{package})"], capture_output=True).returncode:
        pytest.skip(f"Emacs has no {package}")
    given = environment(tmp_path, CONFIGURATIONS / "emacs" / configuration)
    command = [*begin, "-l", str(HERE / session)]
    done = subprocess.run(command, cwd=project, env=given, capture_output=True, text=True, timeout=240)
    assert Path(given["OUT"]).exists(), done.stderr
    got = json.loads(Path(given["OUT"]).read_text(encoding="utf-8"))
    assert any("shift gets no gradient" in text for text in got["diagnostics"]), got
    assert "scale.weight" in got["hover"]
    assert "aotlens/status" not in done.stderr, "a notification that is not handled is told to the user"


def without_comments(text: str) -> str:
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


def helix() -> tuple[list[str], Any, Any]:
    found = tomllib.loads((CONFIGURATIONS / "helix" / "languages.toml").read_text(encoding="utf-8"))
    server = found["language-server"]["aotlens"]
    assert all("aotlens" in language["language-servers"] for language in found["language"])
    # Helix sends `config` as the options, and takes from it what the server asks for.
    return [server["command"], *server["args"]], server["config"], server["config"]["aotlens"]


def sublime() -> tuple[list[str], Any, Any]:
    path = CONFIGURATIONS / "sublime" / "LSP.sublime-settings"
    client = json.loads(without_comments(path.read_text(encoding="utf-8")))["clients"]["aotlens"]
    settings: dict[str, Any] = {}
    for name, value in client["settings"].items():  # LSP keeps the dots of a name as a path
        *folders, last = name.removeprefix("aotlens.").split(".")
        at = settings
        for folder in folders:
            at = at.setdefault(folder, {})
        at[last] = value
    return client["command"], client["initializationOptions"], settings


def zed() -> tuple[list[str], Any, Any]:
    found = json.loads((CONFIGURATIONS / "zed" / "settings.json").read_text(encoding="utf-8"))
    code = (CONFIGURATIONS / "zed" / "src" / "lib.rs").read_text(encoding="utf-8")
    assert 'worktree\n            .which("aotlens")' in code
    assert 'args: vec!["serve".into()]' in code
    server = found["lsp"]["aotlens"]
    return COMMAND, server["initialization_options"], server["settings"]


@pytest.mark.parametrize("configuration", [helix, sublime, zed])
def test_the_messages_of_an_editor_that_does_not_run_here(
    configuration: Any, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options are understood, the project is trusted and traced, and each setting is known to the server."""
    monkeypatch.setenv("HOME", str(tmp_path))
    command, options, settings = configuration()
    assert command == COMMAND
    name = configuration.__name__
    recorded = HERE.parent / "lsp" / "editors" / f"{'sublime' if name == 'zed' else name}.json"
    capabilities = json.loads(recorded.read_text(encoding="utf-8"))["capabilities"]
    with serving(initialize=False) as client:
        client.answers["workspace/configuration"] = [{**settings, "interpreter": sys.executable}]
        folders = [{"uri": project.as_uri(), "name": "project"}]
        params = {"processId": None, "rootUri": project.as_uri(), "workspaceFolders": folders}
        client.result("initialize", {**params, "capabilities": capabilities, "initializationOptions": options})
        client.notify("initialized", {})
        uri = (project / "model.py").as_uri()
        text = (project / "model.py").read_text(encoding="utf-8")
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        client.notify("textDocument/didOpen", {"textDocument": document})

        place = {"textDocument": {"uri": uri}, "position": {"line": 11, "character": 14}}
        end = time.monotonic() + 120
        while "primals_2" not in json.dumps(client.result("textDocument/hover", place)):
            assert time.monotonic() < end
            time.sleep(0.2)
        warned = [message["params"]["message"] for message in client.of("window/logMessage")]
        assert not [text for text in warned if "setting" in text], warned
