"""`aotlens lock` as a user runs it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aotlens.cli.lock.command import LockOptions, run_lock
from aotlens.cli.options import UsageError
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
