"""A trace that fills the disk: its temporary files may be as large as its limit of memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.wire.protocol import TraceParams

from .quick_tracer import quick_tracer

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are looked up in /proc")
_LIMIT = 100 << 20
_BEGIN = """\
import os, tempfile, time
block = b"x" * (1 << 20)
def write(file, blocks):
    for _ in range(blocks):
        file.write(block)
    file.flush()
"""
TOO_MUCH = {
    "in one file": "write(tempfile.NamedTemporaryFile(delete=False), 150)",
    "in many": "for n in range(150): write(tempfile.NamedTemporaryFile(delete=False), 1)",
    "deep": 'os.makedirs(path := tempfile.mkdtemp() + "/a/b/c"); write(open(path + "/file", "wb"), 150)',
    "in one without a name": "write(kept := tempfile.TemporaryFile(), 150)",
}
ENOUGH = {
    "less": "write(tempfile.NamedTemporaryFile(delete=False), 50)",
    "a file with a hole": "file = tempfile.TemporaryFile(); file.truncate(1 << 40); write(file, 1)",
    "one file with two names": (
        'file = tempfile.NamedTemporaryFile(delete=False); write(file, 60); os.link(file.name, file.name + "2")'
    ),
    "what is removed": "for _ in range(4):\n    with tempfile.NamedTemporaryFile() as file: write(file, 40)",
}


@pytest.fixture(scope="module")
def tracer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracerProcess]:
    folder = tmp_path_factory.mktemp("quick")
    with TracerProcess(str(quick_tracer(folder)), str(folder)) as running:
        yield running


def _result(tracer: TracerProcess, folder: Path, code: str) -> Any:
    path = folder / "model.py"
    path.write_text(f"{_BEGIN}{code}\ntime.sleep(1.5)\nsaid = True\n", encoding="utf-8")
    params = TraceParams(str(path), "Model", (), timeout=30, memory=_LIMIT, fence=Fence(False))
    return tracer._run(tracer._client.request("trace", params))["result"]


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_ends_the_trace(name: str, tracer: TracerProcess, tmp_path: Path) -> None:
    failure = _result(tracer, tmp_path, TOO_MUCH[name])["failure"]
    assert failure["reason"] == "memory"
    assert failure["problem"] == {"kind": "MemoryLimit", "bytes": _LIMIT, "real": None, "in_files": True}


@pytest.mark.parametrize("name", ENOUGH)
def test_what_takes_less_is_left_alone(name: str, tracer: TracerProcess, tmp_path: Path) -> None:
    assert _result(tracer, tmp_path, ENOUGH[name]) == {"said": True}
