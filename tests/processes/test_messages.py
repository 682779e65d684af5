"""What code under trace writes into the pipe of its process: it harms its own trace at most."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aotlens.session.tracer.client import Launch, Message, TracerClient, UnreadableAnswer
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.wire.protocol import ExampleSource, TargetsParams, TraceParams
from support import ROOT

from .quick_tracer import quick_tracer

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="children are forked, and looked up in /proc"
)

_CHANNEL = """\
import gc, os, sys, time
channel = next(o for o in gc.get_objects() if type(o).__name__ == "Channel")

def write(text):
    data = b"\\n" + channel._token + text + b"\\n"
    while data:
        data = data[os.write(channel._descriptor, data):]

said = True
"""
MALFORMED = {
    "a list": b"[]",
    "a number": b"7",
    "a closed list": b"7],[7",
    "nested deeply": b"[" * 200_000,
    "nested as deeply as can be": b'{"result": {"x": ' + b"[" * 990 + b"]" * 990 + b"}}",
    "no event": b"{}",
    "an event of no kind": b'{"event": [1]}',
    "an unknown event": b'{"event": "exec", "code": "1"}',
    "a map without fields": b'{"event": "map"}',
    "a map of other fields": b'{"event": "map", "stage": "whole", "fields": 7}',
    "parts of no map": b'{"event": "map", "stage": "whole", "fields": {"partitioned": [{}]}}',
    "a stage without a name": b'{"event": "stage"}',
    "an unknown problem": b'{"event": "real", "problem": {"kind": "eval"}}',
    "an index of no example": b'{"event": "candidate", "index": "first"}',
    "frames that are none": b'{"event": "exit", "status": 0, "frames": [[1, 2]]}',
    "a bug without frames": b'{"event": "bug", "traceback": ""}',
    "calls that are none": b'{"event": "calls", "calls": 7}',
    "a result that is none": b'{"result": 5}',
}


@pytest.fixture(scope="module")
def tracer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracerProcess]:
    folder = tmp_path_factory.mktemp("quick")
    with TracerProcess(str(quick_tracer(folder)), str(folder)) as running:
        yield running


def _params(folder: Path, code: str, timeout: float = 20) -> TraceParams:
    path = folder / "model.py"
    path.write_text(_CHANNEL + code, encoding="utf-8")
    return TraceParams(str(path), "Model", (), timeout=timeout, fence=Fence(False))


def _answer(tracer: TracerProcess, params: TraceParams) -> Message:
    return tracer._run(tracer._client.request("trace", params))


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_message_is_dropped(name: str, tracer: TracerProcess, tmp_path: Path) -> None:
    answer = _answer(tracer, _params(tmp_path, f"write({MALFORMED[name]!r})"))
    if name == "nested as deeply as can be" and answer["result"] != {"said": True}:
        assert "x" in answer["result"]
    else:
        assert answer["result"] == {"said": True}


def test_a_child_answers_its_own_request_alone(tmp_path: Path) -> None:
    forged = """
for number in range(1, 6):
    channel.send({"event": "stage", "stage": "import", "id": number, "result": {"forged": True}, "output": "forged"})
"""
    params = _params(tmp_path, forged)
    (tmp_path / "other").mkdir()
    other = _params(tmp_path / "other", "")
    seen: list[Message] = []

    async def both() -> list[Message]:
        launch = Launch(str(quick_tracer(tmp_path)), tmp_path, dict(os.environ))
        client = TracerClient(launch)
        await client.start()
        try:
            requests = (client.request("trace", each, seen.append) for each in (params, other))
            return list(await asyncio.gather(*requests))
        finally:
            await client.close()

    answers = asyncio.run(both())
    assert "forged" in answers[0]["result"] and answers[1]["result"] == {"said": True}
    assert all(not message.keys() - {"event", "stage", "id"} for message in seen)


def test_an_answer_that_is_no_map_is_the_failure_of_its_target(tracer: TracerProcess, tmp_path: Path) -> None:
    for result in ('{"status": "traced", "graphs": 7}', '{"seconds": NaN, "target": "\\\\ud800"}', "{}"):
        params = _params(tmp_path, f"write(b'{{\"result\": {result}}}')\nos.kill(os.getpid(), 9)")
        with pytest.raises(UnreadableAnswer):
            tracer.trace(params)
        with pytest.raises(UnreadableAnswer):
            tracer.targets(TargetsParams(params.path, fence=Fence(False)))
    assert _answer(tracer, _params(tmp_path, ""))["result"] == {"said": True}


@pytest.mark.parametrize(
    "forged",
    [
        {"event": "bug", "traceback": "", "error": ["ValueError", "no"], "frames": []},
        {"result": {"failure": {"stage": "import"}}},
        {"result": {"failure": {"stage": ["import"], "problem": 5}}},
        {"result": {"failure": {"stage": "example", "problem": 5}}},
        {"result": {"failure": {"stage": "example", "problem": {"type": []}}}},
        {"result": {"failure": 5}},
    ],
)
def test_forged_ends_leave_the_tracer_alive(forged: Message, tracer: TracerProcess, tmp_path: Path) -> None:
    code = f"channel.send({forged!r})\nos.kill(os.getpid(), 9)"
    params = replace(_params(tmp_path, code), stages=True, examples=(ExampleSource("Model()", "pinned"),))
    before = tracer._client.pid
    assert _answer(tracer, params)["result"]["failure"]
    assert _answer(tracer, _params(tmp_path, ""))["result"] == {"said": True}
    assert tracer._client.pid == before


def test_an_error_in_judging_what_a_child_left_ends_its_job_alone(tmp_path: Path) -> None:
    broken = 'made(package + ".process.source_lines", SourceLines=type("Lines", (), {"line": lambda *_: 1 / 0}))'
    with TracerProcess(str(quick_tracer(tmp_path, broken)), str(tmp_path)) as tracer:
        failure = _answer(tracer, _params(tmp_path, "os._exit(3)"))["result"]["failure"]
        assert (failure["reason"], failure["problem"]["kind"]) == ("crash", "Bug")
        assert "ZeroDivisionError" in failure["problem"]["error"]
        assert _answer(tracer, _params(tmp_path, ""))["result"] == {"said": True}


def test_no_memory_in_a_step_of_ours_is_no_mistake_of_ours(tracer: TracerProcess, tmp_path: Path) -> None:
    bug = {"event": "bug", "traceback": "of ours", "error": ["MemoryError", ""], "frames": []}
    params = _params(tmp_path, f"channel.send({bug!r})\nos.kill(os.getpid(), 9)")
    failure = _answer(tracer, params)["result"]["failure"]
    assert (failure["reason"], failure["problem"]["kind"]) == ("memory", "NoMemory")
    assert failure["advice"]["code"] == "no-memory" and "of ours" not in (failure["traceback"] or "")


@pytest.mark.parametrize(
    "broken",
    [
        'made(package + ".torch_private", FakeCalls=type("Calls", (), {"learn": lambda *_: 1 / 0}))',
        "import json; dumps = json.dumps; json.dumps = lambda it, **o: 1 / 0 if it == [7] else dumps(it, **o)",
    ],
    ids=["as they are made", "as they are noted"],
)
def test_an_error_in_learning_calls_leaves_the_tracer_alive(broken: str, tmp_path: Path) -> None:
    with TracerProcess(str(quick_tracer(tmp_path, broken)), str(tmp_path)) as tracer:
        before = tracer._client.pid
        code = 'channel.send({"event": "calls", "calls": [[7]]})'
        for _ in range(3):
            assert _answer(tracer, _params(tmp_path, code))["result"] == {"said": True}
        assert tracer._client.pid == before


def test_a_line_without_an_end_takes_no_memory_of_the_tracer(tracer: TracerProcess, tmp_path: Path) -> None:
    code = """
block = b"x" * (1 << 20)
for start in (b"", channel._token):
    os.write(channel._descriptor, b"\\n" + start)
    for _ in range(400):
        data = block
        while data:
            data = data[os.write(channel._descriptor, data):]
time.sleep(0.2)
with open(f"/proc/{os.getppid()}/status") as file:
    said = next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))
"""
    answer: Any = _answer(tracer, _params(tmp_path, code, 60))["result"]
    assert answer["said"] < 300_000


def test_lines_are_read_of_few_regular_files_alone(tracer: TracerProcess, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    names = [str(tmp_path / "pipe.py"), "/dev/zero", "/proc/self/environ", str(tmp_path / "model.py"), "\0", "x.py"]
    code = f"""
frames = [[name, 2, "f"] for name in {names!r}]
channel.send({{"event": "exit", "status": 3, "frames": frames}})
os.kill(os.getpid(), 9)
"""
    frames = _answer(tracer, _params(tmp_path, code))["result"]["failure"]["frames"]
    assert [frame["code"] for frame in frames if frame["code"]] == [_CHANNEL.splitlines()[1]]


def test_processes_that_were_left_and_have_ended_are_taken_away(tracer: TracerProcess, tmp_path: Path) -> None:
    code = """
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
time.sleep(0.5)
with open(f"/proc/{os.getppid()}/task/{os.getppid()}/children") as file:
    said = [open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] for pid in file.read().split()]
"""
    states = _answer(tracer, _params(tmp_path, code))["result"]["said"]
    assert states and states.count("Z") == 0


def test_the_memory_of_processes_that_were_left_counts(tracer: TracerProcess, tmp_path: Path) -> None:
    code = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        block = b"x" * (200 << 20)
        time.sleep(60)
    os._exit(0)
os.wait()
time.sleep(60)
"""
    params = replace(_params(tmp_path, code, 30), memory=150 << 20)
    assert _answer(tracer, params)["result"]["failure"]["reason"] == "memory"


def test_processes_that_an_earlier_trace_left_count_in_no_later_one() -> None:
    """One that is ended takes a moment to end. On a busy machine it is there when the next request begins."""
    program = """
import os, signal, subprocess, sys
from aotlens_tracer.process.orphans import living_orphans
of_earlier, ended, of_this = (subprocess.Popen(["sleep", "60"]).pid for _ in range(3))
os.kill(ended, signal.SIGKILL)
os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)
print(living_orphans((), {of_earlier, ended}) == [of_this], os.path.exists(f"/proc/{ended}"))
os.kill(of_earlier, signal.SIGKILL)
os.kill(of_this, signal.SIGKILL)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "server")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"], done.stderr


def test_a_child_has_no_descriptor_of_the_tracer(tracer: TracerProcess, tmp_path: Path) -> None:
    code = 'said = [os.path.realpath(f"/proc/self/fd/{n}").rpartition("/")[2] for n in os.listdir("/proc/self/fd")]'
    opened = _answer(tracer, _params(tmp_path, code))["result"]["said"]
    assert opened and not [name for name in opened if "anon_inode" in name]


def test_the_last_stacks_of_a_huge_file_are_read(tracer: TracerProcess, tmp_path: Path) -> None:
    code = """
number = next(n for n in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{n}").endswith("/stacks"))
line = b'  File "' + b"x" * 4000 + b'", line 1 in f\\n'
for _ in range(100):
    os.write(int(number), line * 250)
os.write(int(number), b'Current thread\\n  File "/last.py", line 7 in last\\n')
os.kill(os.getpid(), 9)
"""
    failure = _answer(tracer, _params(tmp_path, code))["result"]["failure"]
    assert [(frame["path"], frame["line"]) for frame in failure["frames"]] == [("/last.py", 7)]
    assert len(failure["traceback"]) < 1 << 21
