"""The lock of the same files on several versions of Python, byte for byte.

`AOTLENS_PYTHONS` names interpreters that have the same version of torch, separated by `:`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from aotlens.cli.lock.command import LockOptions, run_lock
from aotlens.project.options import ProjectOptions
from aotlens_tracer.wire.protocol import Convention
from support import ROOT

PYTHONS = list(filter(None, os.environ.get("AOTLENS_PYTHONS", "").split(os.pathsep)))
FOLDERS = ("docs/examples", "tests/corpus/compiled", "tests/corpus/saved", "tests/corpus/truth")
"""Files whose code has all sorts of layouts: calls over several lines, chains, statements that are one call."""

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not PYTHONS, reason="AOTLENS_PYTHONS names no interpreters to compare with"),
]


@pytest.mark.parametrize("convention", get_args(Convention))
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_lock_is_the_same_on_each(
    folder: str, convention: Convention, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / folder, project)
    monkeypatch.chdir(project)

    def lock(python: str | None) -> str:
        file = project / "aotlens.lock"
        file.unlink(missing_ok=True)
        tracing = ProjectOptions(python=python, convention=convention, jobs=1, use_kept=False)
        assert run_lock(["."], LockOptions(tracing=tracing)) == 0
        return file.read_text(encoding="utf-8")

    here = lock(None)
    for python in PYTHONS:
        version = subprocess.run([python, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        assert lock(python) == here, version
