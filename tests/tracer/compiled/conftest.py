"""Real runs of torch.compile under `TORCH_TRACE`, and what aotlens traces of the same examples: each made once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.support import commands
from support import CORPUS

COMPILED = CORPUS / "compiled"
PACKAGES = os.environ.get("AOTLENS_PACKAGES")
"""The folder of packages that others wrote. If it is set, their modules are run, and no others: `make compiled`."""
FILES = ("packages",) if PACKAGES else ("breaks", "dynamic", "marked", "state", "arguments", "decoders")
OPTIONS: dict[str, dict[str, Any]] = {"dynamic": {"dynamic": True}}
"""The options of aotlens that stand for those of torch.compile in `run.py`."""

Traces = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a folder of traces for each class of the corpus, and a file with what the run says of it.

    `log.txt` in it is what `TORCH_LOGS` writes of all of them.
    """
    folder = tmp_path_factory.mktemp("runs")
    files = [str(COMPILED / f"{name}.py") for name in FILES]
    env = {key: value for key, value in os.environ.items() if not key.startswith(("TORCH_", "PYTHON"))}
    env["TORCH_LOGS"] = "graph_code,aot_graphs,aot_joint_graph"
    if PACKAGES:
        env["PYTHONPATH"] = PACKAGES
    command = [sys.executable, str(COMPILED / "run.py"), str(folder), *files]
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", timeout=900)
    assert done.returncode == 0, done.stderr
    (folder / "log.txt").write_text(done.stderr, "utf-8")
    return folder


@pytest.fixture(scope="session")
def traces() -> Iterator[Traces]:
    """By the name of a file of the corpus: the maps of its classes, as JSON, in the convention of torch.compile."""
    with commands() as tracer:

        @cache
        def trace(name: str) -> dict[str, dict[str, Any]]:
            options = {"convention": "compile", "eager": False, **OPTIONS.get(name, {})}
            found = tracer.trace(str(COMPILED / f"{name}.py"), COMPILED, **options).traces
            return {one["target"]["qualname"]: one for one in found}

        yield trace


def said(folder: Path, name: str) -> dict[str, Any]:
    """What the run says of one class."""
    answer: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    assert "error" not in answer, answer["error"]
    return answer
