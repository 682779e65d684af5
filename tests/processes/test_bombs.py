"""Code that starts processes without end: the machine does not run out of them, and none is left after the trace."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aotlens.session.tracer.client import Message
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.process.fence import gaps
from aotlens_tracer.process.memory import MOST_PROCESSES, MOST_THREADS
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.wire.protocol import TraceParams
from cli.support import processes_in, wait_for
from support import ROOT

from .quick_tracer import quick_tracer

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or bool(gaps()), reason="this system holds no whole fence"
)
_FENCED = """
made(package + ".torch_private", __path__=[])
made(package + ".torch_private.shared_storages", pass_storages_by_value=lambda: None)
"""
_CHAIN = """
if os.fork() == 0:
    while True:  # the next one goes on, in a session of its own: at no moment is it where it was seen
        os.setsid()
        if os.fork():
            os._exit(0)
        if time.monotonic() > started + 40:
            os._exit(0)
time.sleep(60)
"""
_THREADS = """
import threading
threading.stack_size(1 << 15)
while time.monotonic() < started + 20:
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
"""
_BOMB = """
begun = os.open("/dev/shm/NAME", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while time.monotonic() < started + 20:
    try:
        if os.fork() == 0:
            os.write(begun, b"x")
    except OSError:
        pass
"""


@pytest.fixture(scope="module")
def tracer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracerProcess]:
    folder = tmp_path_factory.mktemp("quick")
    with TracerProcess(str(quick_tracer(folder, _FENCED)), str(folder)) as running:
        yield running


def _answer(tracer: TracerProcess, folder: Path, code: str, timeout: float, fence: Fence | None = None) -> Any:
    path = folder / "model.py"
    path.write_text(f"import os, time\nstarted = time.monotonic()\n{code}", encoding="utf-8")
    params = TraceParams(str(path), "Model", (), timeout=timeout, working_directory=str(folder), fence=fence or Fence())
    answer: Message = tracer._run(tracer._client.request("trace", params))
    return answer["result"]


def test_a_chain_of_processes_ends_with_its_trace(tracer: TracerProcess, tmp_path: Path) -> None:
    assert _answer(tracer, tmp_path, _CHAIN, 3)["failure"]["reason"] == "timeout"
    assert wait_for(lambda: not processes_in(tmp_path), 2), processes_in(tmp_path)
    assert _answer(tracer, tmp_path, "said = 1", 20) == {"said": 1}


def test_a_bomb_gets_no_more_processes_than_are_allowed(tracer: TracerProcess, tmp_path: Path) -> None:
    begun = Path("/dev/shm", f"aotlens-{os.getpid()}-begun")  # a folder that code may write to
    try:
        problem = _answer(tracer, tmp_path, _BOMB.replace("/dev/shm/NAME", str(begun)), 30)["failure"]["problem"]
        count = begun.stat().st_size
    finally:
        begun.unlink(missing_ok=True)
    assert problem == {"kind": "ManyProcesses", "most": MOST_PROCESSES, "in_threads": False}
    assert 50 < count <= MOST_PROCESSES + 1
    assert wait_for(lambda: not processes_in(tmp_path), 2), processes_in(tmp_path)


def test_a_bomb_of_threads_ends_with_its_trace(tracer: TracerProcess, tmp_path: Path) -> None:
    failure = _answer(tracer, tmp_path, _THREADS, 30)["failure"]
    assert failure["problem"] == {"kind": "ManyProcesses", "most": MOST_THREADS, "in_threads": True}
    assert wait_for(lambda: not processes_in(tmp_path), 2), processes_in(tmp_path)


def test_nothing_begins_once_the_tracer_has_closed_its_end() -> None:
    program = f"""
import os, sys
sys.path.insert(0, {str(ROOT / "server")!r})
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.process.fence import new_processes, put_on
tracer, child = new_processes.pair()
pid = os.fork()
if pid == 0:
    os.close(tracer)
    put_on(Fence(), [], [])
    new_processes.ask_from_now_on(child)
    began = 0
    try:
        while True:
            if os.fork() == 0:
                os._exit(0)
            began += 1
            os.wait()
    except OSError as error:
        print(began, error.strerror)
    os._exit(0)
os.close(child)
listener = new_processes.received(tracer)
for _ in range(3):
    asked = []
    while not asked:
        new_processes.let_begin(listener, lambda: not asked and not asked.append(1))
os.close(listener)
os.waitpid(pid, 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "3 Function not implemented\n", done.stderr


def test_programs_and_processes_begin_as_ever(tracer: TracerProcess, tmp_path: Path) -> None:
    code = """
import multiprocessing, subprocess, threading
said = [subprocess.run(["echo", str(n)], capture_output=True, text=True).stdout.strip() for n in range(20)]
with multiprocessing.get_context("fork").Pool(3) as pool:
    said += pool.map(abs, [-1, -2])
thread = threading.Thread(target=said.append, args=("thread",))
thread.start()
thread.join()
"""
    assert _answer(tracer, tmp_path, code, 60)["said"] == [*map(str, range(20)), 1, 2, "thread"]


def test_a_trace_asks_for_its_processes_if_it_has_a_fence(tracer: TracerProcess, tmp_path: Path) -> None:
    code = 'said = int(open("/proc/self/status").read().partition("Seccomp_filters:")[2].split()[0])'
    assert _answer(tracer, tmp_path, code, 60) == {"said": 2}
    assert _answer(tracer, tmp_path, code, 60, Fence(enabled=False)) == {"said": 0}
