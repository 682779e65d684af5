"""Code that was found may change what is in its own folder, and nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aotlens_tracer.examples import guards


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    (tmp_path / "kept").write_text("kept")
    monkeypatch.setattr(guards, "scratch", os.path.realpath(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.chdir(tmp_path)
    yield folder
    assert (tmp_path / "kept").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "scratch"]


def test_its_own_folder_may_be_filled_and_emptied(scratch: Path) -> None:
    with guards.guarded(5):
        (scratch / "a" / "b").mkdir(parents=True)
        (scratch / "a" / "file").write_text("x")
        os.rename(scratch / "a" / "file", scratch / "a" / "other")
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/inner")
            Path(folder, "inner", "file").write_text("x")
        assert not os.path.exists(folder)
    assert (scratch / "a" / "other").read_text() == "x"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda scratch: os.mkdir(scratch.parent / "new"), id="beside it"),
        pytest.param(lambda scratch: os.mkdir("new"), id="in the working directory"),
        pytest.param(lambda scratch: os.mkdir(f"{scratch}/../new"), id="by its parent"),
        pytest.param(lambda scratch: os.remove(scratch.parent / "kept"), id="a file that exists"),
        pytest.param(lambda scratch: os.rename(scratch.parent / "kept", scratch / "kept"), id="into it"),
        pytest.param(lambda scratch: os.link(scratch.parent / "kept", scratch / "kept"), id="a link to a file"),
        pytest.param(lambda scratch: (scratch.parent / "kept").write_text("x"), id="the content of a file"),
        pytest.param(lambda scratch: os.chmod(scratch.parent / "kept", 0o600), id="the mode of a file"),
        pytest.param(lambda scratch: os.system("true"), id="a program"),
    ],
)
def test_nothing_else_changes(scratch: Path, change: Callable[[Path], object]) -> None:
    with guards.guarded(5), pytest.raises(guards.SideEffect):
        change(scratch)


def test_a_link_leads_nowhere(scratch: Path) -> None:
    os.symlink(scratch.parent, scratch / "out")
    with guards.guarded(5), pytest.raises(guards.SideEffect):
        os.mkdir(scratch / "out" / "new")
