"""git as commands run it: nothing that a repository brings along is started, and nothing is fetched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from aotlens.session.tracer.interpreter import on_path

# A folder of a repository may look like another one, whose configuration names programs (`safe.bareRepository`).
_CLOSED = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "safe.bareRepository": "explicit",
    "protocol.allow": "never",
}
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",  # since 2.45
    "GIT_ALLOW_PROTOCOL": "",  # whatever `protocol.ext.allow` of the repository says
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
}


def run_git(
    folder: Path,
    *arguments: str,
    seconds: float,
    given: bytes = b"",
    more: Mapping[str, str] | None = None,
    configured: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, with `more` in its environment and `configured` over its settings; `given` is its input.

    Raises OSError if there is no git, `subprocess.TimeoutExpired` if it takes more than these seconds.
    """
    program = on_path("git", os.environ)
    if program is None:
        raise FileNotFoundError("git is not installed")
    closed = [part for name, value in {**(configured or {}), **_CLOSED}.items() for part in ("-c", f"{name}={value}")]
    return subprocess.run(
        [program, "-C", str(folder), *closed, *arguments],
        input=given,
        capture_output=True,
        timeout=seconds,
        check=False,
        env={**os.environ, **_ENVIRONMENT, **(more or {})},
    )
