"""The history of a small GPT in git: most commits change nothing, and what the others do is told in exact words.

Each commit is a patch in `lock_history`. Above the patch is its subject, and between them what `aotlens diff` prints:
nothing for a refactor.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from aotlens.cli.lock.command import LockOptions, run_lock
from aotlens.cli.lock.diff import DiffOptions, run_diff
from aotlens.cli.lock.diff_output import print_differences
from aotlens.model.lock_differences import differences_of
from aotlens.project.differences import Compared
from aotlens.project.locking import lock_of
from aotlens.project.options import ProjectOptions
from aotlens.project.selection import Selected
from aotlens.project.tracing import trace_project

Captured = pytest.CaptureFixture[str]

TARGET = "model.py::GPT"
NOTHING = "No difference between {} and today.\n"
SAMPLE = ("21", "22", "23")
"""The first two move classes to another file, the third changes the model."""
PART = 5
"""The number of commits that one test of the whole history looks at."""
SINCE_LAST_CHANGE = ("23", "36", "50")
"""After these, what is compared with is also the revision before all refactors since the last change."""


@dataclass(frozen=True)
class Commit:
    """A commit: its subject, what it does in the words of `aotlens diff`, and its patch."""

    subject: str
    told: str
    patch: Path

    @property
    def number(self) -> str:
        """The place of the commit in the history."""
        return self.patch.name[:2]


def commits() -> Iterator[Commit]:
    """Read the patches in their order."""
    for patch in sorted((Path(__file__).parent / "lock_history").glob("*.patch")):
        head = patch.read_text(encoding="utf-8").partition("\ndiff --git")[0]
        subject, _, told = head.partition("\n\n")
        yield Commit(subject.strip(), told, patch)


HISTORY = tuple(commits())


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    run = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout.strip()


def versions(folder: Path, last: str = "99") -> Iterator[Commit]:
    """Make a repository in a folder, commit by commit."""
    folder.mkdir()
    git(folder, "init", "-q")
    for commit in HISTORY:
        git(folder, "apply", str(commit.patch))
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", commit.subject)
        yield commit
        if commit.number == last:
            return


def test_a_sample_of_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Each version gets a folder of its own, so that one tracer traces all of them."""
    monkeypatch.chdir(tmp_path)
    repository = tmp_path / "repository"
    for commit in versions(repository, last=SAMPLE[-1]):
        if commit.number in SAMPLE:
            shutil.copytree(repository, tmp_path / commit.number)
    selected = [Selected(str(tmp_path / number / "model.py"), "GPT") for number in SAMPLE]
    project = trace_project(selected, ProjectOptions(jobs=1, use_kept=False))
    lock = lock_of(project, tmp_path / "lock", "export").lock
    targets = {each.path: each for each in lock.targets}
    for before, commit in pairwise(commit for commit in HISTORY if commit.number in SAMPLE):
        now = replace(lock, targets=(targets[f"{commit.number}/model.py"],))
        old = replace(lock, targets=(replace(targets[f"{before.number}/model.py"], path=f"{commit.number}/model.py"),))
        differences = differences_of(old.targets, now, project.snapshot, tmp_path)
        print_differences(Compared("before", "today", old, now, differences))
        told = capsys.readouterr().out.replace(f"{commit.number}/", "")
        assert told == (commit.told or NOTHING.format("before")), commit.subject


@pytest.mark.proof
@pytest.mark.parametrize("first", range(0, len(HISTORY), PART))
def test_the_whole_history(first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Each part begins with a lock of the commit before it."""
    repository = tmp_path / "repository"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = DiffOptions(tracing=ProjectOptions(jobs=1))
    last = HISTORY[first : first + PART][-1]
    since = ""
    for place, commit in enumerate(versions(repository, last.number)):
        monkeypatch.chdir(repository)
        if place >= max(first, 1):
            assert run_diff([TARGET], options) == bool(commit.told), commit.subject
            assert capsys.readouterr().out == (commit.told or NOTHING.format("aotlens.lock")), commit.subject
            if commit.number in SINCE_LAST_CHANGE:
                assert run_diff([TARGET], replace(options, rev=since)) == bool(commit.told), commit.subject
                assert capsys.readouterr().out == (commit.told or NOTHING.format(since)), commit.subject
        if commit.told or not since:
            since = git(repository, "rev-parse", "HEAD")
        if place >= first - 1:
            assert run_lock([TARGET], LockOptions(tracing=options.tracing)) == 0
            capsys.readouterr()


def test_the_history_has_fifty_commits() -> None:
    assert len(HISTORY) == 50
    assert sum(not commit.told for commit in HISTORY) > 30
