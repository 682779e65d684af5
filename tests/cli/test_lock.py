"""`aotlens lock` as a user runs it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aotlens.cli.check.command import CheckOptions, run_check
from aotlens.cli.lock.command import LockOptions, run_lock
from aotlens.cli.lock.diff import DiffOptions, run_diff
from aotlens.cli.options import TraceOptions, UsageError
from aotlens.cli.trace import run_trace
from aotlens.project.options import ProjectOptions
from cli.checked import write_project
from support import ROOT

Captured = pytest.CaptureFixture[str]
Run = Callable[..., int]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Maps on disk, so that each target is traced once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, cache: None) -> Path:
    folder = write_project(tmp_path_factory.mktemp("project"))
    shutil.copy(ROOT / "docs/examples/unused.py", folder)
    return folder


@pytest.fixture
def lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs the command in the project; the lock is removed afterwards."""
    monkeypatch.chdir(folder)

    def run(*paths: str, **options: Any) -> int:
        return run_lock(paths or ["."], LockOptions(tracing=ProjectOptions(jobs=1), **options))

    yield run
    (folder / "aotlens.lock").unlink(missing_ok=True)


def test_the_documentation_shows_what_is_printed(lock: Run, folder: Path, capsys: Captured) -> None:
    text = (ROOT / "docs/lock.md").read_text(encoding="utf-8")
    found = re.search(r"\$ aotlens lock unused.py\n(.*?)\$ cat aotlens.lock\n(.*?)```", text, re.DOTALL)
    assert found is not None
    assert lock("unused.py") == 0
    assert capsys.readouterr().out == found[1]
    assert (folder / "aotlens.lock").read_text(encoding="utf-8") == found[2]


def test_a_project_is_locked_and_parts_of_it_again(lock: Run, folder: Path, capsys: Captured) -> None:
    file = folder / "aotlens.lock"
    assert lock() == 0
    said = capsys.readouterr()
    assert said.out == "3 targets locked in aotlens.lock, 1 that cannot be traced\n"
    assert "odd.py::" in said.err
    whole = file.read_bytes()
    headings = re.findall(r"^\[(.*)\]$", whole.decode(), re.MULTILINE)
    assert headings == ["broken.py::Wrong", "layers.py::Gate", "model.py::Net", "unused.py::Scaled"]
    assert "[broken.py::Wrong]\nfailed  forward\n" in whole.decode()

    assert lock("unused.py") == 0
    assert capsys.readouterr().out == "1 target locked in aotlens.lock: nothing has changed\n"
    file.write_text(whole.decode().replace("f32[1, 4]", "f32[9]").replace("  f32[8, 4]", "  f32[9]"), encoding="utf-8")
    assert lock("unused.py::Scaled") == 0
    assert file.read_bytes() != whole  # what is locked of model.py stays
    assert lock("model.py", "layers.py") == 0
    assert file.read_bytes() == whole


def test_a_part_is_not_locked_in_another_way(lock: Run, folder: Path) -> None:
    file = folder / "aotlens.lock"
    assert lock("layers.py", "unused.py") == 0
    file.write_text(file.read_text(encoding="utf-8").replace("torch 2.13.0", "torch 2.12.1"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"locked with torch 2\.12\.1 .* lock the whole project"):
        lock("unused.py")
    (folder / "layers.lock").write_text("lock 7\n", encoding="utf-8")
    with pytest.raises(UsageError, match="newer aotlens"):
        lock("unused.py", lock="layers.lock")


def test_the_documentation_shows_what_differs(
    tmp_path: Path, cache: None, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "docs/examples/unused.py", tmp_path)
    file = tmp_path / "unused.py"
    text = (ROOT / "docs/lock.md").read_text(encoding="utf-8")
    found = re.search(r"\$ aotlens diff unused.py\n(.*?)```", text, re.DOTALL)
    code = re.search(r"`(\(self\.linear.*?)`", text)
    assert found is not None
    assert code is not None
    options = DiffOptions(tracing=ProjectOptions(jobs=1))

    git("init", "-q")
    git("add", "-A")
    git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "a")
    assert run_lock(["unused.py"], LockOptions(tracing=options.tracing)) == 0
    run_trace("unused.py::Scaled", TraceOptions(format="json"), show_output=False, verbose=False, spawn=False)
    before = capsys.readouterr().out.partition("\n")[2]  # without the line of the lock
    assert run_diff(["unused.py"], options) == 0
    assert capsys.readouterr().out == "No difference between aotlens.lock and today.\n"

    file.write_text(file.read_text(encoding="utf-8").replace("self.linear(x).relu()", code[1]), encoding="utf-8")
    assert run_diff(["unused.py"], options) == 1
    assert capsys.readouterr().out == found[1]

    shown = re.search(r"\$ aotlens check --locked unused.py\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert run_check(["unused.py"], CheckOptions(locked=True, tracing=options.tracing)) == 1
    assert capsys.readouterr().out == shown[1]
    status = git("status", "--porcelain")
    assert run_diff(["unused.py::Scaled"], replace(options, rev="HEAD")) == 1
    assert capsys.readouterr().out == found[1]
    assert git("status", "--porcelain") == status

    run_trace("unused.py::Scaled", TraceOptions(format="json"), show_output=False, verbose=False, spawn=False)
    (tmp_path / "before.json").write_text(before, encoding="utf-8")
    (tmp_path / "after.json").write_text(capsys.readouterr().out, encoding="utf-8")
    assert run_diff(["before.json", "after.json"], replace(options, format="json")) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "aotlens.diff/1"
    (target,) = told["targets"]
    assert f"{target['target']}: {target['summary']}" == found[1].splitlines()[0]
    assert target["more"] == {
        "inputs": 0,
        "outputs": 0,
        "tangents": 0,
        "trained": 1,
        "mutated": 0,
        "saved": 256,
        "breaks": 0,
    }
    messages = [line.split(": ", 1)[1] for line in found[1].splitlines()[1:]]
    assert [change["message"] for change in target["changes"]] == messages


def test_a_change_in_an_imported_file_is_told_there(
    tmp_path: Path, cache: None, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Also if that file is not among those that are named; a finding stands at the target then."""
    monkeypatch.chdir(tmp_path)
    layers = Path(shutil.copy(ROOT / "docs/examples/unused.py", tmp_path / "layers.py"))
    example = "# aotlens: Net()(torch.randn(8, 4))"
    body = "    def __init__(self):\n        super().__init__()\n        self.layer = layers.Scaled(4)\n\n"
    body += "    def forward(self, x):\n        return self.layer(x)\n"
    text = f"import torch\n\nimport layers\n\n\n{example}\nclass Net(torch.nn.Module):\n{body}"
    (tmp_path / "model.py").write_text(text, encoding="utf-8")
    options = DiffOptions(tracing=ProjectOptions(jobs=1))
    assert run_lock(["model.py"], LockOptions(tracing=options.tracing)) == 0
    capsys.readouterr()

    used = "(self.linear(x) * self.scale).relu()"
    layers.write_text(layers.read_text(encoding="utf-8").replace("self.linear(x).relu()", used), encoding="utf-8")
    assert run_diff(["model.py"], options) == 1
    heading, trained, *_ = capsys.readouterr().out.splitlines()
    assert heading.startswith("model.py::Net: +1 trained parameter")
    assert trained == "    layers.py:12:22: parameter layer.scale: a gradient now"
    assert run_check(["model.py"], CheckOptions(locked=True, tracing=options.tracing)) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("model.py:7:1: error lock-changed Net is not as in aotlens.lock: +1 trained parameter")
    assert trained in said


@pytest.mark.parametrize(
    ("paths", "options", "message"),
    [
        (["unused.py"], {}, r"aotlens\.lock cannot be read: .*; aotlens lock writes it"),
        (["unused.py"], {"rev": "HEAD"}, "git: not a git repository"),
        (["a.json"], {}, "name both"),
        (["a.json", "b.json"], {}, r"a\.json cannot be read"),
        (["odd.json", "odd.json"], {}, r"odd\.json is no output of aotlens trace --format json \(KeyError"),
    ],
)
def test_wrong_comparisons_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str], options: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(folder)
    (folder / "odd.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        run_diff(paths, DiffOptions(tracing=ProjectOptions(jobs=1), **options))


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout
