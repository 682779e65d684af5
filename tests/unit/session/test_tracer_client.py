"""The command line and the language server describe the end of a tracer in the same words."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aotlens.session.tracer.client import TracerEnded, TracerUnusable
from aotlens.session.tracer.interpreter import Interpreter
from aotlens.session.tracer.process import TracerProcess
from aotlens.session.tracer.warm import WarmTracer
from aotlens_tracer.wire.protocol import TraceParams
from unit.session.stand_ins import READY, stand_in

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script stands for an interpreter")

PARAMS = TraceParams("model.py", "Model", ())


def blocking(python: Path) -> TracerUnusable:
    """The error of one trace as the command line makes it."""
    with pytest.raises(TracerUnusable) as caught, TracerProcess(str(python), str(python.parent)) as tracer:
        tracer.trace(PARAMS)
    return caught.value


def warm(python: Path) -> TracerUnusable:
    """The error of one trace as the language server makes it."""

    async def run() -> TracerUnusable:
        interpreter = Interpreter(str(python), "a test")
        tracer = WarmTracer(interpreter, os.environ, python.parent, lambda status: None, lambda *_: None)
        with pytest.raises(TracerUnusable) as caught:
            await tracer.trace(PARAMS, lambda event: None)
        assert tracer.status.message == str(caught.value)
        assert tracer.status.state == ("stopped" if isinstance(caught.value, TracerEnded) else "unusable")
        await tracer.close()
        assert "TracerClient._read_answers" not in {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
        return caught.value

    return asyncio.run(run())


ENDS = {
    "says nothing": (
        "",
        "died",
        "PYTHON did not start as a tracer: not a Python interpreter, or it exited without output",
    ),
    "fails": ("raise SystemExit('no display')", "died", "PYTHON did not start as a tracer: no display"),
    "is ended while it starts": (
        "import os; os.kill(os.getpid(), 9)",
        "died",
        "the tracer was ended by SIGKILL while it started",
    ),
    "speaks another version": (
        'print(\'{"method": "ready", "params": {"protocol": 0}}\')',
        "protocol",
        "the tracer in PYTHON speaks another version of the protocol",
    ),
    "is too old": (
        "import sys; sys.version_info, sys.version, argv = (3, 8, 1), '3.8.1 (main)', sys.argv; exec(argv[3])",
        "old-python",
        "Python 3.8.1 is too old: aotlens needs 3.10 or newer",
    ),
    "has no torch": (
        READY.replace('"problem": None', '"problem": {"kind": "NoTorch"}'),
        "no-torch",
        "torch is not installed in this interpreter",
    ),
    "ends": (f"{READY}sys.stdin.readline(); os._exit(7)", "died", "the tracer ended unexpectedly, with status 7"),
    "is ended": (f"{READY}sys.stdin.readline(); os.kill(os.getpid(), 9)", "died", "the tracer was ended by SIGKILL"),
    "ends with a word": (
        f"{READY}sys.stdin.readline(); sys.exit('out of memory')",
        "died",
        "the tracer ended unexpectedly, with status 1: out of memory",
    ),
    "closes its pipe": (
        f"{READY}sys.stdin.readline(); os.close(1); time.sleep(60)",
        "died",
        "the tracer closed its pipe",
    ),
    "writes what is no message": (
        f"{READY}sys.stdin.readline(); print('[]\\n{{', flush=True); os._exit(7)",
        "died",
        "the tracer ended unexpectedly, with status 7",
    ),
}


@pytest.mark.parametrize("drive", [blocking, warm], ids=["blocking", "warm"])
@pytest.mark.parametrize("end", ENDS)
def test_a_tracer_that_cannot_trace(end: str, drive: Callable[[Path], TracerUnusable], tmp_path: Path) -> None:
    script, problem, message = ENDS[end]
    python = stand_in(tmp_path, script)
    error = drive(python)
    assert error.problem == problem
    assert str(error) == message.replace("PYTHON", str(python))
    assert isinstance(error, TracerEnded) == message.startswith(("the tracer was", "the tracer ended", "the tracer cl"))


def test_the_command_line_starts_another_one_and_keeps_the_log(tmp_path: Path) -> None:
    python = stand_in(
        tmp_path, f"import sys\nprint('hello', file=sys.stderr)\n{READY}sys.stdin.readline(); os._exit(7)"
    )
    with TracerProcess(str(python), str(tmp_path)) as tracer:
        for _ in range(2):
            with pytest.raises(TracerEnded):
                tracer.trace(PARAMS)
            with pytest.raises(TracerEnded):  # it does not hang
                tracer.trace(PARAMS)
            tracer.restart()
    assert tracer.log() == "hello\nhello\nhello"
