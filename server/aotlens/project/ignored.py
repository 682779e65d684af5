"""The files that git ignores, by git's own answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .git import run_git

_SECONDS = 20.0


def ignored_by_git(folder: Path, paths: Sequence[str]) -> frozenset[str]:
    """Those of some files below a folder that git ignores.

    There are none if git ignores the folder itself, is not there, or does not answer.
    """
    if not paths or not any(os.path.exists(parent / ".git") for parent in (folder, *folder.parents)):
        return frozenset()
    asked = b"".join(os.fsencode(path) + b"\0" for path in (str(folder), *paths))
    try:
        # Without the index, which may lead to what a repository has somewhere else.
        answer = run_git(folder, "check-ignore", "--no-index", "-z", "--stdin", seconds=_SECONDS, given=asked)
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    ignored = frozenset(os.fsdecode(path) for path in answer.stdout.split(b"\0") if path)
    return ignored if str(folder) not in ignored else frozenset()
