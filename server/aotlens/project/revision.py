"""The files of a git revision, in a private folder of this process.

Only commands do this, whoever runs them trusts the repository. Hooks and filters do not run, as they would without a
fence, and nothing of the repository changes.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from aotlens.session import scratch
from aotlens.session.tracer.environments import interpreter_of_command
from aotlens.session.tracer.interpreter import NoSuchInterpreter

from .git import run_git
from .problems import Misuse

_SECONDS = 120.0
_FILTER = re.compile(r"(filter\..*)\.[^.]*", re.DOTALL)


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
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        _git(top, "read-tree", commit.strip(), more=index)
        _git(
            top,
            "checkout-index",
            "--all",
            "--quiet",
            f"--prefix={files}{os.sep}",
            more=index,
            configured=_no_filters(top),
        )
        yield files
    finally:
        private.remove()


def _no_filters(top: Path) -> dict[str, str]:
    """The settings that turn off each filter that is configured: it is a program. Raises Misuse."""
    arguments = ("config", "--null", "--name-only", "--get-regexp", r"^filter\.")
    found = _run(top, *arguments).stdout.split(b"\0")  # none if there is no filter
    settings: dict[str, str] = {}
    for name in {match[1] for each in found if (match := _FILTER.fullmatch(os.fsdecode(each)))}:
        if "=" in name:  # which would end the name that is given to git
            raise Misuse(
                f"git: {name!r} is no name of a filter that can be turned off: remove it from the configuration"
            )
        settings |= {f"{name}.smudge": "", f"{name}.process": "", f"{name}.required": "false"}
    return settings


def _git(
    folder: Path,
    *arguments: str,
    of: str = "",
    more: Mapping[str, str] | None = None,
    configured: Mapping[str, str] | None = None,
) -> str:
    run = _run(folder, *arguments, more=more, configured=configured)
    if run.returncode:
        said = os.fsdecode(run.stderr).strip().removeprefix("fatal: ")
        raise Misuse(f"git: {said or f'there is no revision {of}'}")
    return os.fsdecode(run.stdout)


def _run(
    folder: Path,
    *arguments: str,
    more: Mapping[str, str] | None = None,
    configured: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    try:
        return run_git(folder, *arguments, seconds=_SECONDS, more=more, configured=configured)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Misuse(f"git cannot be run: {error}") from None


def interpreter_for(folder: Path, wanted: str | None) -> str:
    """The interpreter for files of a revision: that of today's folder, beside which an environment may be."""
    try:
        return interpreter_of_command(folder, wanted).path
    except NoSuchInterpreter as error:
        raise Misuse(str(error)) from None
