"""The files of a git revision, in a private folder of this process.

Only commands do this, whoever runs them trusts the repository. Hooks do not run, and nothing of the repository changes.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from aotlens.session import scratch
from aotlens.session.tracer.environments import interpreter_of_command
from aotlens.session.tracer.interpreter import NoSuchInterpreter

from .git import run_git
from .problems import Misuse

_SECONDS = 120.0


def top_of(folder: Path) -> Path:
    """The folder at the top of the repository. Raises Misuse if there is none."""
    return Path(_git(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))


@contextlib.contextmanager
def checked_out(top: Path, revision: str) -> Iterator[Path]:
    """Yield a folder with all files of a revision, below the scratch folder. Raises Misuse."""
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", of=revision)
    private = scratch.new_subfolder("revision")
    try:
        folder = Path(private.path)
        files = folder / "files"
        files.mkdir()
        index = {"GIT_INDEX_FILE": str(folder / "index"), "GIT_LFS_SKIP_SMUDGE": "1"}
        _git(top, "read-tree", commit.strip(), more=index)
        _git(top, "checkout-index", "--all", "--quiet", f"--prefix={files}{os.sep}", more=index)
        yield files
    finally:
        private.remove()


def _git(folder: Path, *arguments: str, of: str = "", more: Mapping[str, str] | None = None) -> str:
    try:
        run = run_git(folder, *arguments, seconds=_SECONDS, more=more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Misuse(f"git cannot be run: {error}") from None
    if run.returncode:
        said = os.fsdecode(run.stderr).strip().removeprefix("fatal: ")
        raise Misuse(f"git: {said or f'there is no revision {of}'}")
    return os.fsdecode(run.stdout)


def interpreter_for(folder: Path, wanted: str | None) -> str:
    """The interpreter for files of a revision: that of today's folder, beside which an environment may be."""
    try:
        return interpreter_of_command(folder, wanted).path
    except NoSuchInterpreter as error:
        raise Misuse(str(error)) from None
