"""Whoever is ended or stopped, and when: the command goes on, and leaves no process and no folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aotlens.session.tracer import watch
from aotlens.session.tracer.client import TracerEnded
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.process.memory import children_of, descendants
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.wire.protocol import TraceParams
from cli.support import is_alive, wait_for
from support import ROOT

from .quick_tracer import quick_tracer

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc")

PATIENCE = 60.0
QUICK = "said = True\n"
HELD = """\
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
subprocess.Popen(["sleep", "600"], start_new_session=True)
if os.fork() == 0:  # a daemon, whose parent is gone
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "601"])
    os._exit(0)
os.wait()
open("held", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
said = True
"""


STOPS = """\
import os, signal
tracer = os.getppid()
guardian = int(open(f"/proc/{tracer}/stat").read().rpartition(")")[2].split()[1])
os.kill(guardian, signal.SIGSTOP)
os.kill(tracer, signal.SIGSTOP)
"""


@dataclass
class Command:
    """A command that is running, and its processes."""

    folder: Path
    process: subprocess.Popen[str]

    def say(self, name: str) -> None:
        """Have it trace a file."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{self.folder / name}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """The next line of its answers; empty at its end."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def named(self, name: str) -> list[int]:
        """The processes with a name, without those that have ended."""
        pids = [pid for pid in self.processes() if _comm(pid) == name]
        return [pid for pid in pids if is_alive(pid)]

    def pid_of(self, who: str) -> int:
        """The process that has a part."""
        if who == "command":
            return self.process.pid
        (guardian,) = self.named("aotlens-guard")
        if who == "guardian":
            return guardian
        (tracer,) = children_of(guardian)
        if who == "tracer":
            return tracer
        assert wait_for(lambda: len(children_of(tracer)) >= 2, PATIENCE)
        busy = [pid for pid in children_of(tracer) if children_of(pid)]
        return busy[0] if who == "child" else next(pid for pid in children_of(tracer) if pid not in busy)

    def processes(self) -> list[int]:
        """All processes that were started with the folder in their environment, but the command."""
        mark = str(self.folder).encode()
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) != self.process.pid:
                try:
                    environment = Path(f"/proc/{entry}/environ").read_bytes()
                except OSError:
                    continue
                if mark in environment:
                    found.append(int(entry))
        return found

    def leftovers(self) -> list[str]:
        """What remains: processes and folders."""
        folders = [str(path) for path in (self.folder / "tmp").iterdir()]
        return [f"{pid} {_comm(pid)}" for pid in self.processes() if is_alive(pid)] + folders


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    folder = tmp_path
    (folder / "tmp").mkdir()
    (folder / "quick.py").write_text(QUICK, encoding="utf-8")
    (folder / "held.py").write_text(HELD, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("commanded.py")), str(quick_tracer(folder)), str(folder)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "server"),
            "TMPDIR": str(folder / "tmp"),
            "HOLD_START": str(folder / "hold"),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    running = Command(folder, process)
    yield running
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    for pid in running.processes():
        os.kill(pid, signal.SIGKILL)


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _reach(command: Command, moment: str) -> None:
    """Bring a command to a moment."""
    if moment == "starting":
        (command.folder / "hold").touch()
        assert wait_for(lambda: bool(command.named("aotlens-tracer")), PATIENCE)
        return
    assert command.hear() == "ready"
    command.say("quick.py" if moment == "idle" else "held.py")
    if moment == "idle":
        assert command.hear() == "answered"
    else:
        assert wait_for((command.folder / "held").exists, PATIENCE)


def _goes_on(command: Command, moment: str) -> None:
    """Whatever was done to a process below the command: it answers, and the next trace is right."""
    (command.folder / "go").touch()
    (command.folder / "hold").unlink(missing_ok=True)
    if moment == "starting":
        while (line := command.hear()) != "ready":
            assert line.startswith("failed: the tracer was ended by"), line
    elif moment == "tracing":
        assert command.hear().split(":")[0] in ("answered", "refused", "ended")
    command.say("quick.py")
    if (line := command.hear()) != "answered":  # a tracer that ended while it had nothing to do is noticed now
        assert line.startswith("ended: the tracer"), line
        command.say("quick.py")
        assert command.hear() == "answered"


def _close(command: Command) -> None:
    assert command.process.stdin is not None
    command.process.stdin.close()


SIGNALS = ["SIGKILL", "SIGSTOP"]
if os.environ.get("AOTLENS_SOAK"):
    SIGNALS += ["SIGTERM", "SIGHUP", "SIGINT"]
WHEN = {
    "starting": ("command", "guardian", "tracer"),
    "idle": ("command", "guardian", "tracer", "standby"),
    "tracing": ("command", "guardian", "tracer", "child", "standby"),
    "ending": ("command", "guardian", "tracer"),
}


@pytest.mark.parametrize("how", SIGNALS)
@pytest.mark.parametrize(("moment", "who"), [(moment, who) for moment in WHEN for who in WHEN[moment]])
def test_nothing_is_left(moment: str, who: str, how: str, command: Command) -> None:
    _reach(command, "tracing" if moment == "ending" else moment)
    pid = command.pid_of(who)
    if moment == "ending":
        (command.folder / "go").touch()
        assert command.hear() == "answered"
        _close(command)
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        os.kill(pid, getattr(signal, how))
    if who == "command":
        if how == "SIGSTOP":
            os.kill(command.process.pid, signal.SIGKILL)
        command.process.wait(PATIENCE)
    else:
        if moment != "ending":
            _goes_on(command, moment)
            _close(command)
        assert command.process.wait(PATIENCE) == 0
    assert wait_for(lambda: not command.leftovers(), PATIENCE), command.leftovers()


@pytest.mark.parametrize(
    ("then", "beats", "said"),
    [
        pytest.param("while True: pass", 0.1, "did not answer for 3 s", id="stops"),
        pytest.param(
            "eaten = bytearray(b'x' * (400 << 20))\nwhile True: pass",
            1.0,
            "did not answer, used more memory than the limit",
            id="stops and eats",
        ),
    ],
)
def test_a_tracer_and_a_guardian_that_both_stand_still_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, beats: float, said: str
) -> None:
    monkeypatch.setattr(watch, "BEAT_SECONDS", beats)
    (tmp_path / "stops.py").write_text(STOPS + then, encoding="utf-8")
    (tmp_path / "quick.py").write_text(QUICK, encoding="utf-8")
    with TracerProcess(str(quick_tracer(tmp_path)), str(tmp_path)) as tracer:
        params = [
            TraceParams(str(tmp_path / name), "Model", (), fence=Fence(False), memory=200 << 20)
            for name in ("stops.py", "quick.py")
        ]
        below = descendants(tracer._client.pid or 0)
        with pytest.raises(TracerEnded, match=f"^the tracer {said}, and was ended$"):
            tracer._run(tracer._client.request("trace", params[0]))
        assert wait_for(lambda: not any(map(is_alive, below)), PATIENCE)
        tracer.restart()
        assert tracer._run(tracer._client.request("trace", params[1]))["result"] == {"said": True}


def test_the_next_children_are_warm_before_a_trace_that_takes_long_has_ended(command: Command) -> None:
    _reach(command, "tracing")
    tracer = children_of(command.pid_of("guardian"))[0]
    assert wait_for(lambda: len({*command.named("aotlens-tracer")} - {tracer}) == 3, PATIENCE)
    (command.folder / "go").touch()
    assert command.hear() == "answered"
