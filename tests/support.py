"""Shared by several test folders: the command line as a user runs it, and its JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CORPUS = Path(__file__).parent / "corpus"


def run_aotlens(
    *arguments: str, cwd: Path | None = None, timeout: float = 300, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in this interpreter; it traces in this one too."""
    env = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "CONDA_PREFIX", "NO_COLOR")}
    env |= {"PYTHONPATH": str(ROOT / "server"), "COLUMNS": "120"} | environment
    return subprocess.run(
        [sys.executable, "-m", "aotlens", *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


def trace_json(*arguments: str, cwd: Path | None = None, **environment: str) -> dict[str, Any]:
    """The output of `aotlens trace … --format json`. If it is no JSON, standard error is shown."""
    done = run_aotlens("trace", *arguments, "--format", "json", cwd=cwd, **environment)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)
