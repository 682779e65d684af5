"""`aotlens doctor`: checks the interpreter, torch and the tracer, and says how to solve problems."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aotlens import __version__
from aotlens.explain.failures import brief_message
from aotlens.explain.fence import gaps_in_words
from aotlens.explain.interpreters import SUPPORTED_TORCH
from aotlens.explain.visible import visible
from aotlens.session.scratch import new_subfolder
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.environments import interpreter_of_command
from aotlens.session.tracer.interpreter import Interpreter, NoSuchInterpreter
from aotlens.session.tracer.process import TracerProcess
from aotlens_tracer.process.memory import can_watch
from aotlens_tracer.wire.interpreters import OldPython
from aotlens_tracer.wire.protocol import NEWEST_TESTED_TORCH, ExampleSource, Ready, TraceParams

from .problems import advice

_PROBE = """\
import torch


class Probe(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, x):
        return self.linear(x).relu()
"""


def run_doctor(python: str | None) -> int:
    """Print the report. Return 0 if a trace works, 1 if it does not, 2 if the interpreter does not exist."""
    console = Console(highlight=False)
    table = Table.grid(padding=(0, 2))
    report = _Report(table)
    report.add("aotlens", f"{__version__}, in {sys.executable}")
    try:
        interpreter = interpreter_of_command(Path.cwd(), python)
    except NoSuchInterpreter as error:
        print(visible(f"error: {error}"), file=sys.stderr)
        return 2
    report.add("interpreter", f"{interpreter.path}: {interpreter.reason}")
    status = _check_tracer(interpreter, report)
    console.print(table)
    return status


class _Report:
    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, what: str, text: str, good: bool | None = None) -> None:
        mark = {True: Text("ok", "green"), False: Text("no", "bold red"), None: Text("", "")}[good]
        self._table.add_row(mark, Text(what, "bold"), Text(visible(text)))


def _check_tracer(interpreter: Interpreter, report: _Report) -> int:
    scratch = new_subfolder("probe")
    folder, probe = scratch.path, scratch.write("aotlens_probe.py", _PROBE.encode())
    try:
        with TracerProcess(interpreter.path, folder) as tracer:
            _report_ready(tracer.ready, report)
            example = ExampleSource("Probe()(torch.randn(1, 2))", "option")
            traced = tracer.trace(TraceParams(probe, "Probe", (example,), working_directory=folder)).map
    except TracerUnusable as error:
        problem = error.ready.problem if error.ready is not None else None
        if error.ready is not None and not isinstance(problem, OldPython):
            report.add("python", error.ready.python)
        row = "tracer" if problem is None else "python" if isinstance(problem, OldPython) else "torch"
        report.add(row, str(error), False)
        report.add("", advice(error, interpreter).splitlines()[-1])
        return 1
    if traced.failure is not None:
        report.add("trace", brief_message(traced.failure), False)
        return 1
    graph = traced.graphs[0]
    report.add(
        "trace",
        f"a small module in {traced.seconds.total:.1f} s, through {graph.capture}: "
        f"{len(graph.inputs)} inputs, {len(graph.outputs)} outputs, {len(graph.saved or ())} values saved for backward",
        True,
    )
    return 0


def _report_ready(ready: Ready, report: _Report) -> None:
    report.add("python", ready.python)
    release = tuple(int(part) for part in (ready.torch or "0.0").split(".")[:2])
    untested = "" if release <= NEWEST_TESTED_TORCH else " - newer than the versions that aotlens was tested with"
    report.add("torch", f"{ready.torch} (supported: {SUPPORTED_TORCH}){untested}", True)
    report.add("CUDA", "available" if ready.cuda else "not available: targets that need it fail, everything else works")
    report.add("tracer", f"started in {ready.seconds:.1f} s; children by {'fork' if ready.fork else 'spawn'}", True)
    missing = gaps_in_words(ready.gaps)
    report.add("fence", missing or "traces change no files outside, and have no network", missing is None)
    limit = "enforced" if can_watch() else "not enforced on this system: a runaway module can fill the memory"
    report.add("memory limit", limit, can_watch())
