"""Real runs of torch.compile under `TORCH_TRACE`, and what aotlens traces of the same examples: each made once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from support import CORPUS, trace_json

COMPILED = CORPUS / "compiled"
OPTIONS = {"dynamic": ["--dynamic"]}
"""The options of the command line that stand for those of torch.compile in `run.py`."""

Traces = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """By the name of a file of the corpus: the folder with the traces of its classes, and what the run says of each."""

    @cache
    def run(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        command = [sys.executable, str(COMPILED / "run.py"), str(folder), str(COMPILED / f"{name}.py")]
        env = {key: value for key, value in os.environ.items() if not key.startswith(("TORCH_", "PYTHON"))}
        done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", timeout=600)
        assert done.returncode == 0, done.stderr
        return folder

    return run


@pytest.fixture(scope="session")
def traces() -> Traces:
    """By the name of a file of the corpus: the maps of its classes, as JSON, in the convention of torch.compile."""

    @cache
    def trace(name: str) -> dict[str, dict[str, Any]]:
        file = COMPILED / f"{name}.py"
        answer = trace_json(str(file), "--convention", "compile", "--no-eager", *OPTIONS.get(name, ()), cwd=COMPILED)
        return {one["target"]["qualname"]: one for one in answer["traces"]}

    return trace


def said(folder: Path, name: str) -> dict[str, Any]:
    """What the run says of one class."""
    answer: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    assert "error" not in answer, answer["error"]
    return answer
