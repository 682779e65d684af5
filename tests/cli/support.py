"""Shared by the command line's tests: sources that go wrong, one tracer for many of them, and the user's view."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import aotlens.cli.trace as command
from aotlens.cli.options import TraceOptions
from aotlens.session.tracer.client import TracerClient
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.process.memory import children_of

HEADER = """\
import torch
from torch import nn
"""
PIN = "# aotlens: Block(4)(torch.randn(2, 4))"
BLOCK = f"""\
{PIN}
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)

    def forward(self, x):
        return self.fc(x).relu()
"""
HERE = "# <- here"
"""Marks the line of a source that a failure has to name."""


def at_import(code: str) -> str:
    """A module that is fine, but for what it does when it is imported."""
    return f"{HEADER}{code}\n\n{BLOCK}"


def in_forward(code: str) -> str:
    """A module with another body of `forward`; lines after the first bring their own indentation."""
    return HEADER + BLOCK.replace("return self.fc(x).relu()", code)


def pinned(comment: str) -> str:
    """A module with another comment above its class."""
    return HEADER + BLOCK.replace(PIN, comment)


def write(folder: Path, name: str, source: str | bytes) -> Path:
    """Write a file, and the folders that it lies in."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source if isinstance(source, bytes) else source.encode("utf-8"))
    return path


def marked_line(source: str | bytes) -> int | None:
    """The 1-based line that has the mark."""
    text = source if isinstance(source, str) else source.decode("latin-1")
    return next((number for number, line in enumerate(text.splitlines(), 1) if HERE in line), None)


@dataclass(frozen=True)
class Outcome:
    """The answer of one command: its exit status, its JSON, and its text together with that on stderr."""

    status: int
    traces: list[dict[str, Any]]
    text: str
    stderr: str

    @property
    def trace(self) -> dict[str, Any]:
        """The only trace."""
        assert len(self.traces) == 1, self.text
        return self.traces[0]

    @property
    def failure(self) -> dict[str, Any]:
        """The failure of the only trace."""
        failure = self.trace["failure"]
        assert failure is not None, self.text
        return failure

    @property
    def hint(self) -> str:
        """The advice of the failure; empty if it has none."""
        return self.failure["hint"] or ""


class Remembering:
    """A tracer that outlives a command, and that answers the same request of the next one from memory."""

    def __init__(self, tracer: TracerProcess) -> None:
        self._tracer = tracer
        self._answers: dict[str, Any] = {}
        self.ready = tracer.ready

    def trace(self, params: Any, on_stage: Callable[[str], None]) -> Any:
        return self._remembered(self._tracer.trace, params, on_stage)

    def targets(self, params: Any, on_stage: Callable[[str], None]) -> Any:
        return self._remembered(self._tracer.targets, params, on_stage)

    def _remembered(self, ask: Callable[..., Any], params: Any, on_stage: Callable[[str], None]) -> Any:
        key = repr(params)
        if key not in self._answers:
            self._answers[key] = ask(params, on_stage)
        return self._answers[key]

    def __enter__(self) -> Remembering:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.clear()


class Commands:
    """`aotlens trace`, in this process, with one tracer for all commands: importing torch takes most of each."""

    def __init__(self, tracer: TracerProcess) -> None:
        self._tracer = tracer

    def restart(self) -> None:
        """Start another tracer, as the command line does after the end of one."""
        self._tracer.restart()

    def trace(self, target: str, folder: Path, **options: Any) -> Outcome:
        """Run `aotlens trace TARGET` in `folder`, as text and as JSON."""
        remembering = Remembering(self._tracer)
        before = os.getcwd()
        answers = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(command, "TracerProcess", lambda *_: contextlib.nullcontext(remembering))
            patch.setenv("COLUMNS", "200")
            os.chdir(folder)
            try:
                for format in ("text", "json"):
                    out, err = io.StringIO(), io.StringIO()
                    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                        asked = TraceOptions(**options, format=format)
                        status = command.run_trace(target, asked, show_output=False, verbose=False, spawn=False)
                    answers.append((status, out.getvalue(), err.getvalue()))
            finally:
                os.chdir(before)
        (text_status, text, stderr), (json_status, json_text, json_stderr) = answers
        assert text_status == json_status
        assert stderr == json_stderr
        return Outcome(text_status, json.loads(json_text)["traces"], text, stderr)


@contextlib.contextmanager
def commands(*, spawn: bool = False) -> Iterator[Commands]:
    """Commands with a tracer of their own, in this interpreter."""
    import sys

    with TracerProcess(sys.executable, os.getcwd(), spawn) as tracer:
        yield Commands(tracer)


def assert_no_internals(*texts: str) -> None:
    """No traceback, and nothing of the tracer's own files."""
    for text in texts:
        assert "Traceback" not in text, text
        assert "aotlens_tracer" not in text, text


def assert_failed(
    outcome: Outcome,
    stage: str,
    message: str,
    where: tuple[str, int | None] | None,
    *,
    reason: str = "error",
    hint: str | None = None,
) -> None:
    """The trace failed in `stage`, the message matches, and JSON and text both name the user's file and line."""
    failure = outcome.failure
    assert outcome.status == 1
    assert outcome.trace["status"] == "failed"
    assert (failure["stage"], failure["reason"]) == (stage, reason), outcome.text
    assert re.search(message, failure["message"]), failure["message"]
    assert (failure["path"], failure["line"]) == (where or (None, None)), outcome.text
    title = stage if reason == "error" else f"{stage}, {reason}"
    assert f"error[{title}]: " in outcome.text
    if where is not None:
        path, line = where
        assert f"--> {path}:{line}" if line else f"--> {path}" in outcome.text
    if hint is not None:
        assert re.search(hint, outcome.hint), outcome.hint
        assert f"hint: {outcome.hint[:40]}" in outcome.text
    codes = [finding["code"] for finding in outcome.trace["findings"] if finding["severity"] == "error"]
    assert codes == ["example-failed" if stage == "example" else "trace-failed"]
    assert_no_internals(outcome.text, outcome.stderr)


def assert_traced(outcome: Outcome) -> None:
    """Everything was traced."""
    assert outcome.status == 0, outcome.text
    assert [trace["status"] for trace in outcome.traces] == ["traced"] * len(outcome.traces)
    assert_no_internals(outcome.text, outcome.stderr)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        if Path("/proc/self/stat").exists():
            return False
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def children_of_tracer(tracer: TracerClient) -> list[int]:
    """The processes that a tracer has started, among them those that wait for a request."""
    guarded = children_of(tracer.pid or 0) if sys.platform.startswith("linux") else [tracer.pid or 0]
    return [child for pid in guarded for child in children_of(pid)]


def processes_in(folder: Path) -> list[str]:
    """The processes that still run with their working directory in a folder."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) == folder and is_alive(int(process.name)):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
