"""A trace that fills the disk: its temporary files may be as large as its limit of memory."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import sys
import threading
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
    "in shared memory": "for n in range(15): write(open(f'/dev/shm/{NAME}-{n}', 'wb'), 10)",
    "in a folder in shared memory": "os.makedirs(f'/dev/shm/{NAME}'); write(open(f'/dev/shm/{NAME}/file', 'wb'), 150)",
    "in a file of shared memory that was there": "write(open(f'/dev/shm/{NAME}-before', 'ab'), 150)",
}
ENOUGH = {
    "less": "write(tempfile.NamedTemporaryFile(delete=False), 50)",
    "a file with a hole": "file = tempfile.TemporaryFile(); file.truncate(1 << 40); write(file, 1)",
    "one file with two names": (
        'file = tempfile.NamedTemporaryFile(delete=False); write(file, 60); os.link(file.name, file.name + "2")'
    ),
    "what was in shared memory before": "write(open(f'/dev/shm/{NAME}-large', 'ab'), 50)",
    "what is removed": "for _ in range(4):\n    with tempfile.NamedTemporaryFile() as file: write(file, 40)",
}


@pytest.fixture(scope="module")
def tracer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracerProcess]:
    folder = tmp_path_factory.mktemp("quick")
    with TracerProcess(str(quick_tracer(folder)), str(folder)) as running:
        yield running


@pytest.fixture
def name() -> Iterator[str]:
    """The beginning of names in shared memory."""
    name = f"aotlens-{os.getpid()}"
    Path(f"/dev/shm/{name}-before").touch()
    Path(f"/dev/shm/{name}-large").write_bytes(bytes(_LIMIT))
    yield name
    for left in Path("/dev/shm").glob(f"{name}*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _result(tracer: TracerProcess, folder: Path, code: str, name: str) -> Any:
    path = folder / "model.py"
    path.write_text(f"{_BEGIN}NAME = {name!r}\n{code}\ntime.sleep(1.5)\nsaid = True\n", encoding="utf-8")
    params = TraceParams(str(path), "Model", (), timeout=30, memory=_LIMIT, fence=Fence(False))
    return tracer._run(tracer._client.request("trace", params))["result"]


@pytest.mark.parametrize("where", TOO_MUCH)
def test_too_much_ends_the_trace(where: str, name: str, tracer: TracerProcess, tmp_path: Path) -> None:
    failure = _result(tracer, tmp_path, TOO_MUCH[where], name)["failure"]
    assert failure["reason"] == "memory"
    assert failure["problem"] == {"kind": "MemoryLimit", "bytes": _LIMIT, "real": None, "in_files": True}


@pytest.mark.parametrize("what", ENOUGH)
def test_what_takes_less_is_left_alone(what: str, name: str, tracer: TracerProcess, tmp_path: Path) -> None:
    assert _result(tracer, tmp_path, ENOUGH[what], name) == {"said": True}


@pytest.mark.parametrize("is_mapped", [False, True])
def test_what_another_process_keeps_in_shared_memory_is_not_the_traces(
    is_mapped: bool, name: str, tracer: TracerProcess, tmp_path: Path
) -> None:
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    begun, stopped = Path(f"/dev/shm/{name}-begun"), threading.Event()

    def keep() -> None:
        while not begun.exists() and not stopped.wait(0.05):
            pass
        with open(f"/dev/shm/{name}-of-another", "w+b") as file:
            file.write(bytes(_LIMIT * 2))
            file.flush()
            if not is_mapped:
                stopped.wait(20)
                return
            address = libc.mmap(None, _LIMIT, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
        stopped.wait(20)  # an object of `mmap` would keep the file open
        libc.munmap(ctypes.c_void_p(address), _LIMIT)

    other = threading.Thread(target=keep)
    other.start()
    try:
        assert _result(tracer, tmp_path, "open(f'/dev/shm/{NAME}-begun', 'wb'); time.sleep(1)", name) == {"said": True}
    finally:
        stopped.set()
        other.join()
