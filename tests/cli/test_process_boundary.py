"""The process boundary: whatever user code does to its process costs one trace, and is reported with its place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.support import (
    BLOCK,
    HEADER,
    HERE,
    Commands,
    assert_failed,
    assert_no_internals,
    assert_traced,
    at_import,
    commands,
    in_forward,
    is_alive,
    marked_line,
    processes_in,
    wait_for,
    write,
)
from support import ROOT, run_aotlens

LINUX = sys.platform.startswith("linux")
HAS_FORK = hasattr(os, "fork")
pytestmark = pytest.mark.skipif(not HAS_FORK, reason="what is done to processes here is done the POSIX way")


@pytest.fixture(scope="module")
def forking() -> Iterator[Commands]:
    with commands() as running:
        yield running


@pytest.fixture(scope="module")
def spawning() -> Iterator[Commands]:
    with commands(spawn=True) as running:
        yield running


@dataclass(frozen=True)
class Case:
    """A source that does something unusual. It is traced nevertheless, unless `stage` says where it fails.

    `both`: with spawned children too, each of which imports torch, so not everything is tried there.
    """

    source: str
    stage: str | None = None
    message: str = ""
    reason: str = "crash"
    hint: str | None = None
    timeout: float = 60
    memory: float | None = None
    both: bool = False
    placed: bool = True
    """Whether it is known on which line it happens."""


FORK = "import os\nimport time\n\nif os.fork() == 0:\n    "
GROW = "kept = []\nwhile True: kept.append(bytearray(b'x') * (1 << 24))"

CASES = {
    # ends
    "os._exit": Case(
        at_import(f"import os\nos._exit(3)  {HERE}"), "import", r"os._exit\(3\)", hint="__main__", both=True
    ),
    "os._exit with success": Case(at_import(f"import os\nos._exit(0)  {HERE}"), "import", r"os._exit\(0\)"),
    "os._exit in forward": Case(
        in_forward(f"import os\n        os._exit(0)  {HERE}"), "capture", r"os._exit\(0\), while calling it"
    ),
    "segmentation fault": Case(
        at_import(f"import ctypes\nctypes.string_at(0)  {HERE}"), "import", "SIGSEGV.*crash in native code", both=True
    ),
    "segmentation fault in forward": Case(
        in_forward(f"import ctypes\n        ctypes.string_at(0)  {HERE}"), "capture", "SIGSEGV"
    ),
    "abort": Case(at_import(f"import os\nos.abort()  {HERE}"), "import", "SIGABRT"),
    "kills itself": Case(
        at_import("import os\nimport signal\nos.kill(os.getpid(), signal.SIGKILL)"), "import", "SIGKILL", placed=False
    ),
    "kills its process group": Case(
        at_import("import os\nimport signal\nos.killpg(0, signal.SIGKILL)"), "import", "SIGKILL", placed=False
    ),
    # does not end
    "loops": Case(
        at_import(f"while True: pass  {HERE}"),
        "import",
        "still running after the time limit of 1.5 s, while importing the file",
        "timeout",
        "--timeout",
        timeout=1.5,
        both=True,
    ),
    "loops in forward": Case(
        in_forward(f"while True: x = x + 1  {HERE}"), "capture", "time limit of 3 s", "timeout", timeout=3
    ),
    "loops in the constructor": Case(
        HEADER + BLOCK.replace("super().__init__()", f"\n        while True: n += 1  {HERE}"),
        "example",
        "time limit of 1 s, while building the example",
        "timeout",
        timeout=1,
    ),
    "sleeps": Case(at_import(f"import time\ntime.sleep(600)  {HERE}"), "import", "still running", "timeout", timeout=1),
    "waits with every signal ignored": Case(
        at_import(
            "import signal\n\nfor number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, signal.SIGHUP):\n"
            "    signal.signal(number, signal.SIG_IGN)\nwhile True:\n    pass"
        ),
        "import",
        "still running",
        "timeout",
        timeout=1,
        placed=False,
    ),
    # grows
    "allocates": Case(
        at_import(f"{GROW}  {HERE}"),
        "import",
        "more memory in use than the limit of 0.6 GiB",
        "memory",
        "--memory",
        memory=0.6,
        both=True,
    ),
    "allocates in forward": Case(
        in_forward("kept = []\n        while True:\n            kept.append(bytearray(b'x') * (1 << 24))"),
        "capture",
        "more memory",
        "memory",
        memory=0.8,
        placed=False,
    ),
    "a copy of it allocates": Case(
        at_import(f"{FORK}x = []\n    while True:\n        x.append(bytearray(b'x') * (1 << 24))\nos.wait()  {HERE}"),
        "import",
        "more memory",
        "memory",
        memory=0.6,
    ),
    # prints, reads, closes, writes
    "prints megabytes": Case(at_import("for i in range(200000):\n    print('line', i)"), both=True),
    "prints what is no text": Case(
        at_import("import sys\nsys.stdout.buffer.write(bytes(range(256)) * 100)\nsys.stdout.flush()")
    ),
    "reads stdin": Case(at_import("import sys\nassert sys.stdin.read() == ''")),
    "closes stdout and stderr": Case(at_import("import os\nos.close(1)\nos.close(2)")),
    "closes sys.stdout": Case(at_import("import sys\nsys.stdout.close()\nsys.stderr.close()\nsys.stdout = None")),
    "prints where nothing is": Case(
        at_import(f"import os\nos.close(1)\nprint('x')  {HERE}"), "import", "Bad file descriptor", "error"
    ),
    "closes descriptors": Case(at_import("import os\nos.closerange(3, 4096)"), both=True),
    "closes every descriptor": Case(at_import("import os\nos.closerange(0, 65536)")),
    "closes what it has open": Case(
        at_import(
            "import os\n\nfor name in os.listdir('/dev/fd'):\n    if int(name) > 2:\n        try:\n"
            "            os.close(int(name))\n        except OSError:\n            pass"
        ),
        both=True,
    ),
    "writes into what it has open": Case(
        at_import(
            "import os\n\nfor name in [*os.listdir('/dev/fd'), *range(3, 300)]:\n    try:\n"
            "        os.write(int(name), b'junk' + bytes(range(256)) + b'\\n')\n    except OSError:\n        pass"
        ),
        both=True,
    ),
    "replaces what is needed to answer": Case(
        at_import(
            f"import json\nimport os\n\njson.dumps = os.write = os.fstat = None\nraise ValueError('after')  {HERE}"
        ),
        "import",
        "ValueError: after",
        "error",
        both=True,
    ),
    # other processes and threads
    "forks, and the copy runs on": Case(at_import(f"{FORK}pass"), both=True),
    "forks, and the copy exits": Case(at_import(f"import sys\n{FORK}sys.exit(0)\nos.wait()")),
    "forks, and the copy raises": Case(at_import(f"{FORK}raise ValueError('in the copy')\nos.wait()")),
    "forks, and the copy calls os._exit": Case(at_import(f"{FORK}os._exit(3)\nos.wait()")),
    "forks, and the copy stays": Case(at_import(f"{FORK}time.sleep(600)")),
    "forks a daemon": Case(at_import(f"{FORK}os.setsid()\n    if os.fork() == 0:\n        time.sleep(600)")),
    "starts a process": Case(
        at_import("import subprocess\nimport sys\nsubprocess.Popen([sys.executable, '-c', 'input()'])"), both=True
    ),
    "starts threads that never end": Case(
        at_import(
            "import threading\nimport time\n\n\ndef run():\n    while True:\n        time.sleep(0.05)\n\n\n"
            "for _ in range(4):\n    threading.Thread(target=run).start()"
        ),
        both=True,
    ),
    "has something to do at exit": Case(at_import("import atexit\nimport time\natexit.register(time.sleep, 600)")),
    # the rest of its world
    "changes the folder": Case(at_import("import os\nimport tempfile\nos.chdir(tempfile.mkdtemp())")),
    "removes the folder it is in": Case(
        at_import("import os\nimport tempfile\nos.chdir(tempfile.mkdtemp())\nos.rmdir(os.getcwd())")
    ),
    "logs": Case(at_import("import logging\nlogging.basicConfig(level=logging.DEBUG)\nlogging.error('hm')")),
    "makes warnings errors": Case(at_import("import warnings\nwarnings.simplefilter('error')")),
}
SPAWNED = [name for name, case in CASES.items() if case.both]


@pytest.mark.parametrize("name", CASES)
def test_costs_one_trace(name: str, forking: Commands, tmp_path: Path) -> None:
    _check(CASES[name], forking, tmp_path)


@pytest.mark.parametrize("name", SPAWNED)
def test_costs_one_trace_where_children_are_spawned(name: str, spawning: Commands, tmp_path: Path) -> None:
    _check(CASES[name], spawning, tmp_path)


def _check(case: Case, shared: Commands, folder: Path) -> None:
    write(folder, "model.py", case.source)
    start = time.monotonic()
    outcome = shared.trace("model.py::Block", folder, timeout=case.timeout, memory=case.memory)
    assert time.monotonic() - start < 60
    if case.stage is None:
        assert_traced(outcome)
        assert len(outcome.trace["graphs"][0]["inputs"]) == 4
    else:
        line = marked_line(case.source) if case.placed else outcome.failure["line"]
        assert_failed(outcome, case.stage, case.message, ("model.py", line), reason=case.reason, hint=case.hint)
    if LINUX:
        assert wait_for(lambda: not processes_in(folder), 2), processes_in(folder)


def test_a_crash_has_its_code_in_its_frames(forking: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", at_import("import os\n\n\ndef leave():\n    os._exit(3)\n\n\nleave()"))
    frames = forking.trace("model.py::Block", tmp_path).failure["frames"]
    assert [(frame["function"], frame["code"]) for frame in frames] == [
        ("<module>", "leave()"),
        ("leave", "os._exit(3)"),
    ]


def test_a_whole_file_that_ends_its_process(forking: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", at_import("import os\nos._exit(3)"))
    outcome = forking.trace("model.py", tmp_path)
    assert_failed(outcome, "import", r"os._exit\(3\)", ("model.py", 4), reason="crash")


# The command line itself, from outside.


@pytest.mark.parametrize("options", [[], ["--spawn"]], ids=["fork", "spawn"])
def test_json_alone_is_on_stdout(options: list[str], tmp_path: Path) -> None:
    noise = (
        "import os\nimport sys\nprint('said')\nos.write(1, b'\\xff\\xfe written\\n')\nos.system('echo a shell')\n"
        "print('complained', file=sys.stderr)\nprint('x' * 3000000)\nimport warnings\nwarnings.warn('warned')"
    )
    write(tmp_path, "model.py", at_import(noise))
    done = run_aotlens("trace", "model.py::Block", "--format", "json", "--show-output", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["traces"][0]["status"] == "traced"
    for said in ("said\n", "\\xff\\xfe written", "a shell\n", "complained", "bytes left out", "warned"):
        assert said in done.stderr
    assert len(done.stderr) < 200_000


def test_a_tracer_that_ends_costs_one_trace(tmp_path: Path) -> None:
    killer = BLOCK.replace("Block", "Killer").replace(
        "super().__init__()",
        "super().__init__()\n        import os, signal, time\n        os.kill(os.getppid(), signal.SIGKILL)\n"
        "        time.sleep(60)",
    )
    write(tmp_path, "model.py", f"{HEADER}\n{killer}\n\n{BLOCK}")
    done = run_aotlens("trace", "model.py", "--format", "json", "--no-fence", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    first, second = json.loads(done.stdout)["traces"]
    assert (first["failure"]["reason"], first["failure"]["line"]) == ("crash", None)
    assert "the tracer" in first["failure"]["message"]
    assert second["status"] == "traced"
    assert_no_internals(done.stderr)


def _start(folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A command whose trace never ends, and the ids of its tracer, its child and what that started."""
    source = (
        "import os\nimport subprocess\nimport sys\nimport time\n\nfrom pathlib import Path\n\n"
        "helper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "daemon = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "Path('ids.part').write_text(f'{os.getppid()} {os.getpid()} {helper.pid} {daemon.pid}')\n"
        "os.rename('ids.part', 'ids')\ntime.sleep(600)"
    )
    write(folder, "model.py", at_import(source))
    process = subprocess.Popen(
        [sys.executable, "-m", "aotlens", "trace", "model.py::Block", "--writable", ".", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    ids = folder / "ids"
    assert wait_for(ids.exists, 120), process.communicate(timeout=5)
    return process, [int(number) for number in ids.read_text().split()]


def _all_gone(numbers: list[int]) -> bool:
    # Elsewhere nothing tells a tracer what its child's children left behind.
    return not any(is_alive(number) for number in (numbers if LINUX else numbers[:2]))


@pytest.mark.parametrize(
    ("how", "options"),
    [
        ("ctrl-c", []),
        ("ctrl-c", ["--spawn"]),
        ("interrupt of the command alone", []),
        ("kill", []),
        ("kill", ["--spawn"]),
        ("terminate", []),
    ],
)
def test_an_end_from_outside_leaves_no_process(how: str, options: list[str], tmp_path: Path) -> None:
    process, numbers = _start(tmp_path, *options)
    assert all(is_alive(number) for number in numbers)
    if how == "ctrl-c":  # which a terminal sends to all of its processes
        os.killpg(process.pid, signal.SIGINT)
    else:
        number = {"interrupt of the command alone": signal.SIGINT, "kill": signal.SIGKILL, "terminate": signal.SIGTERM}
        os.kill(process.pid, number[how])
    out, err = process.communicate(timeout=60)
    assert process.returncode == {"kill": -signal.SIGKILL, "terminate": -signal.SIGTERM}.get(how, 130)
    assert out == b""
    assert_no_internals(err.decode())
    assert wait_for(lambda: _all_gone(numbers), 5), [number for number in numbers if is_alive(number)]


@pytest.mark.skipif(not LINUX, reason="elsewhere a child that is busy does not see its tracer go")
@pytest.mark.parametrize("options", [[], ["--spawn"]], ids=["fork", "spawn"])
def test_all_that_a_tracer_started_ends_with_it(options: list[str], tmp_path: Path) -> None:
    process, numbers = _start(tmp_path, *options)
    tracer, child, *started = numbers
    os.kill(tracer, signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"the tracer was ended by SIGKILL" in out
    assert_no_internals(out.decode(), err.decode())
    assert wait_for(lambda: not any(map(is_alive, (child, *started))), 5)


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    write(tmp_path, "model.py", HEADER + BLOCK)
    process = subprocess.Popen(
        [sys.executable, "-m", "aotlens", "trace", "model.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read().decode()
    assert process.wait(60) == 141
    assert err == ""
