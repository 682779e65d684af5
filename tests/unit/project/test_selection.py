"""The files that paths of the command line stand for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from aotlens.project.problems import Misuse
from aotlens.project.selection import Excluded, Selected, select


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "model.py",
        "train.py",
        "notes.md",
        "layers/attention.py",
        "layers/old/moe.py",
        "tests/test_model.py",
        "tests/helpers.py",
        "conftest.py",
        ".hidden/secret.py",
        "build/lib/model.py",
        "env310/pyvenv.cfg",
        "env310/lib/thing.py",
        "node_modules/package/gyp.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(selected: list[Selected], project: Path) -> list[str]:
    found = []
    for each in selected:
        name = Path(each.path).relative_to(project).as_posix()
        found.append(name if each.qualname is None else f"{name}::{each.qualname}")
    return found


def test_a_folder_stands_for_its_code_without_tests_tools_and_environments(project: Path) -> None:
    found = select(["."])
    assert names(found, project) == ["model.py", "train.py", "layers/attention.py", "layers/old/moe.py"]
    assert all(each.is_found for each in found)


def test_what_is_named_is_looked_at_whatever_it_is(project: Path) -> None:
    assert names(select(["tests"]), project) == ["tests/helpers.py"]
    assert names(select(["tests/test_model.py"]), project) == ["tests/test_model.py"]
    assert names(select([".hidden"]), project) == [".hidden/secret.py"]
    assert names(select(["build/lib", "env310"]), project) == ["build/lib/model.py", "env310/lib/thing.py"]
    assert not select(["model.py"])[0].is_found


def test_a_file_that_several_paths_stand_for_is_looked_at_once(project: Path) -> None:
    found = select(["layers/../model.py", "layers", ".", "model.py::Net"])
    assert names(found, project) == ["model.py", "layers/attention.py", "layers/old/moe.py", "train.py"]


def test_a_target_is_named_behind_its_file(project: Path) -> None:
    found = select(["model.py::Net", "model.py::Block.forward", "model.py::Net"])
    assert names(found, project) == ["model.py::Net", "model.py::Block.forward"]


@pytest.mark.parametrize(
    "pattern", ["old", "old/", "layers/old", "layers/old/**", "layers/**/moe.py", "moe.py", "./layers/old", "**/old/*"]
)
def test_globs_exclude_files_and_folders(project: Path, pattern: str) -> None:
    excluded = Excluded([pattern], project)
    assert names(select(["."], excluded), project) == ["model.py", "train.py", "layers/attention.py"]


def test_a_named_file_is_excluded_only_if_that_is_asked_for(project: Path) -> None:
    excluded = Excluded(["layers"], project)
    assert names(select(["layers/attention.py"], excluded), project) == ["layers/attention.py"]
    assert select(["layers/attention.py"], Excluded(["layers"], project, is_forced=True)) == []


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_what_git_ignores_is_passed_over(project: Path) -> None:
    (project / ".gitignore").write_text("old/\n/train.py\n", encoding="utf-8")
    assert "train.py" in names(select(["."]), project)  # there is no repository yet
    subprocess.run(["git", "init", "-q", "."], check=True)
    assert names(select(["."]), project) == ["model.py", "layers/attention.py"]
    assert names(select(["layers"]), project) == ["layers/attention.py"]
    assert names(select(["train.py"]), project) == ["train.py"]
    assert names(select(["layers/old"]), project) == ["layers/old/moe.py"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.py", "there is no file or folder missing.py"),
        ("layers::Net", "layers is a folder: name a Python file in it before ::"),
        ("model.py::", "'model.py::' names no file"),
        ("::Net", "'::Net' names no file"),
        ("", "'' names no file"),
        ("a\0b", "there is no file or folder"),
        ("x" * 5000, "there is no file or folder"),
        ("/dev/null", "/dev/null is neither a regular file nor a folder"),
    ],
)
def test_a_path_that_stands_for_nothing_is_named(project: Path, path: str, message: str) -> None:
    with pytest.raises(Misuse) as raised:
        select([path])
    assert message in str(raised.value)
