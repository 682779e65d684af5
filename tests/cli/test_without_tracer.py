"""A project in which one interpreter cannot trace: what the others can is traced, and the rest is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from aotlens.model.lock import Lock, LockedTarget
from aotlens.project.checked import Choice, check
from aotlens.project.locking import lock_of, locked_again
from aotlens.project.options import ProjectOptions
from aotlens.project.selection import select
from aotlens.project.tracing import CannotTrace, trace_project
from support import run_aotlens

MODEL = """\
from torch import nn


# aotlens: Net()(1)
class Net(nn.Module):
    def forward(self, x):
        return x
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders: one has an environment whose Python does not start, the other one has none."""
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text("", encoding="utf-8")
    python = tmp_path / "one/.venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / "one/.venv/pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
    for name in ("a", "b"):
        (tmp_path / f"one/{name}.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "other/model.py").write_text(MODEL, encoding="utf-8")
    return tmp_path


def test_files_without_a_tracer_are_findings_and_the_others_go_on(project: Path) -> None:
    traced = trace_project(select([str(project)]), ProjectOptions(jobs=1, use_kept=False))
    findings = [each for each in check(traced, Choice()).findings if "/one/" in each.path]
    assert [(Path(each.path).name, each.severity, each.code) for each in findings] == [
        ("a.py", "error", "trace-failed"),
        ("b.py", "error", "trace-failed"),
    ]
    assert "nothing of this file was traced" in findings[0].diagnostic.message
    assert [Path(each.key.path).parent.name for each in traced.targets] == ["other"]

    kept = LockedTarget("one/a.py", "Net", "Net()(1)", "train")
    old, file = Lock("2.13.0", "export", (kept,)), project / "aotlens.lock"
    assert kept in locked_again(old, lock_of(traced, file, "export"), traced, file).targets


def test_no_tracer_at_all_ends_the_command(project: Path) -> None:
    with pytest.raises(CannotTrace):
        trace_project(select([str(project / "one")]), ProjectOptions(jobs=1, use_kept=False))


@pytest.mark.parametrize("command", ["check", "trace"])
def test_the_interpreter_of_the_option_is_said_to_be_given(command: str, project: Path) -> None:
    done = run_aotlens(command, "other/model.py", "--python", "one/.venv", cwd=project)
    assert done.returncode == 2
    assert "one/.venv/bin/python (given with --python)" in done.stderr
