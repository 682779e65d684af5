"""git starts nothing that a repository brings along."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from aotlens.project import git
from aotlens.project.git import run_git
from aotlens.project.ignored import ignored_by_git
from aotlens.project.problems import Misuse
from aotlens.project.revision import checked_out

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def _git(folder: Path, *arguments: str, **environment: str) -> None:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@localhost", "-c", "core.fsmonitor=false", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin"} | environment)


def _repository(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.py").write_text("x = 1\n", encoding="utf-8")
    (folder / ".gitignore").write_text("b.py\n", encoding="utf-8")
    _git(folder, "init", "-q")
    _git(folder, "add", "-A")
    return folder


def _program(tmp_path: Path) -> tuple[str, Path]:
    """A command that leaves a file behind."""
    mark = tmp_path / "mark"
    return f"sh -c 'echo > {mark}' #", mark


def test_a_monitor_of_the_repository_does_not_run(tmp_path: Path) -> None:
    folder = _repository(tmp_path / "repository")
    program, mark = _program(tmp_path)
    _git(folder, "config", "core.fsmonitor", program)
    assert ignored_by_git(folder, [str(folder / "a.py"), str(folder / "b.py")]) == {str(folder / "b.py")}
    assert not mark.exists()


def test_a_folder_that_looks_like_a_repository_is_none(tmp_path: Path) -> None:
    folder = _repository(tmp_path / "repository")
    program, mark = _program(tmp_path)
    inner = folder / "src"
    for each in ("objects", "refs"):
        (inner / each).mkdir(parents=True)
    (inner / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (inner / "c.py").write_text("x = 1\n", encoding="utf-8")
    config = f'[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = "{program}"\n'
    (inner / "config").write_text(config, encoding="utf-8")
    _git(inner, "add", "-f", "c.py", GIT_DIR=".", GIT_WORK_TREE=".")
    ignored_by_git(inner, [str(inner / "c.py")])
    assert b"safe.bareRepository" in run_git(inner, "status", seconds=20).stderr
    assert not mark.exists()


def test_nothing_is_fetched(tmp_path: Path) -> None:
    folder = _repository(tmp_path / "repository")
    program, mark = _program(tmp_path)
    _git(folder, "update-index", "--skip-worktree", ".gitignore")
    (folder / ".gitignore").unlink()
    for path in (folder / ".git" / "objects").glob("??/*"):
        path.unlink()
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": "ssh://nowhere/x",
        "core.sshCommand": program,
    }.items():
        _git(folder, "config", name, value)
    assert ignored_by_git(folder, [str(folder / "a.py"), str(folder / "b.py")]) == frozenset()
    run_git(folder, "status", seconds=20)
    run_git(folder, "cat-file", "-p", ":.gitignore", seconds=20)
    assert not mark.exists()


def test_no_way_to_fetch_is_opened_by_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a git that knows no GIT_NO_LAZY_FETCH."""
    monkeypatch.setattr(git, "_ENVIRONMENT", {**git._ENVIRONMENT, "GIT_NO_LAZY_FETCH": "0"})
    folder = _repository(tmp_path / "repository")
    mark = tmp_path / "mark"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho > {mark}\n", encoding="utf-8")
    program.chmod(0o755)
    for path in (folder / ".git" / "objects").glob("??/*"):
        path.unlink()
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::{program}",
        "protocol.ext.allow": "always",
    }.items():
        _git(folder, "config", name, value)
    assert b"not allowed" in run_git(folder, "cat-file", "-p", ":.gitignore", seconds=20).stderr
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["smudge", "process"])
def test_no_filter_runs_for_the_files_of_a_revision(tmp_path: Path, kind: str) -> None:
    folder = _repository(tmp_path / "repository")
    program, mark = _program(tmp_path)
    (folder / ".gitattributes").write_text("*.py filter=a.B\n", encoding="utf-8")
    _git(folder, "add", "-A")
    _git(folder, "commit", "-qm", "x")
    _git(folder, "config", f"filter.a.B.{kind}", program)
    _git(folder, "config", "filter.a.B.required", "true")
    with checked_out(folder, "HEAD") as files:
        assert (files / "a.py").read_text(encoding="utf-8") == "x = 1\n"
    assert not mark.exists()
    _git(folder, "config", "filter.a=b.smudge", program)
    with pytest.raises(Misuse, match="is no name of a filter"), checked_out(folder, "HEAD"):
        pass
    assert not mark.exists()


def test_a_git_beside_the_files_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _repository(tmp_path / "repository")
    mark = tmp_path / "mark"
    (folder / "git").write_text(f"#!/bin/sh\necho > {mark}\n", encoding="utf-8")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", ".:/usr/bin:/bin")
    monkeypatch.chdir(folder)
    assert run_git(folder, "rev-parse", "--show-prefix", seconds=20).stdout == b"\n"
    assert not mark.exists()
