"""A long day in some minutes: edits, saves, hovers and traces over twenty documents, and processes that are killed.

    make soak                         about five minutes
    make soak SOAK_ARGS=--long        10,000 traces and 50,000 edits, an hour or more; then whatever process is ended or
                                      stopped (`tests/processes`), and all hostile modules (`tests/hostile`)

It prints a table of what was measured, each with its bound, and its exit status is 1 if one of them is broken. Memory
is that of a process alone, at rest, without the pages of files. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from documents import DOCUMENTS, Edited, documents
from hovers import MOST_OF_OTHERS, Hovers, Processors, median, slowest
from killed_clients import MOMENTS, ends_with_its_client

from aotlens.lsp.connection import is_alive
from aotlens.session.tracer.warm import MAX_CRASHES
from aotlens_tracer.process.memory import descendants
from lsp.client import Client, spawn
from lsp.editor import VSCODE
from lsp.projects import children, eventually, guardians, tracers

FLAT = 1.05
"""How much more memory a process may have at the end than after the warm-up."""
HOVERS = 2.0
"""How much slower the slowest hundredth of the hovers may be under load than at rest."""
LOOKS = 10
"""How often the processes are looked at. The third look is after the warm-up."""
BACK = 30.0
"""Seconds in which a map is there again after a process was killed."""
BUSY = 3.0
"""How much longer that and the end may take while other programs use the machine."""
ENDED = 10.0
"""Seconds in which everything is gone after the client is."""
EDITS_OF_SAVE = 5
"""Edits between two saves. Each save starts a trace for each target of the document."""
SAVES = 20
"""Saves before everything comes to rest, and as many hovers follow: what else the machine does, it does to both."""
ROOT = Path(__file__).parents[2]
ALSO = {
    "the processes": ("-m", "pytest", "-q", "tests/processes"),
    "hostile modules": ("tests/hostile/table.py",),
    "hostile modules in a server": ("tests/hostile/table.py", "--server"),
}
"""The tests of the long form that come after the day."""


@dataclass
class Table:
    """What was measured, each with its bound."""

    broken: list[str] = field(default_factory=list)
    is_busy: bool = False  # other programs have the machine, too: what takes seconds may take more of them

    def row(self, what: str, value: float, bound: float, unit: str = "") -> None:
        """Print a figure that may not exceed its bound."""
        bound *= BUSY if self.is_busy and unit == "s" else 1
        holds = value <= bound
        print(f"{what:<58}{value:>10.2f} {unit:<4}{bound:>10.2f}{'' if holds else '  BROKEN'}", flush=True)
        if not holds:
            self.broken.append(what)


@dataclass(frozen=True)
class Rest:
    """The processes of a server at rest: memory in MB, descriptors, and what lies in the temporary folder."""

    server: float
    tracer: float
    guardian: float
    descriptors: int
    processes: int
    files: int


class Day:
    """A server with its documents."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder, self.temporary = folder, temporary
        self.edits = self.saves = self.traces = 0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the server)
        self.process = spawn(stderr=self._log)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.client = Client(self.process.stdout, self.process.stdin)
        self.client.answers["workspace/configuration"] = [{"interpreter": sys.executable}]
        self.documents = documents(folder)
        self.client.result(
            "initialize",
            {
                "processId": None,
                "capabilities": VSCODE,
                "workspaceFolders": [{"uri": folder.as_uri(), "name": "soak"}],
                "initializationOptions": {"trusted": True},
            },
        )
        self.client.notify("initialized", {})
        for document in self.documents:
            self.client.open(document.uri, document.text)

    @property
    def tracer(self) -> int:
        """The one tracer."""
        (found,) = eventually(lambda: tracers(self.process.pid), "a tracer")
        return found

    @property
    def guardian(self) -> int:
        """The process between server and tracer; the tracer itself where there is none."""
        (found,) = eventually(lambda: guardians(self.process.pid), "a guardian")
        return found

    def edit(self, document: Edited) -> None:
        """Change a number in a document."""
        self.edits += 1
        self.client.notify("textDocument/didChange", document.next_edit())

    def save(self, document: Edited) -> None:
        """Save a document, which is traced then."""
        self.saves += 1
        document.path.write_text(document.text, encoding="utf-8")
        self.client.notify("textDocument/didSave", {"textDocument": {"uri": document.uri}})

    def hover(self, document: Edited, hovers: Hovers) -> None:
        """Make some edits, then ask for a hover, and time it."""
        for _ in range(EDITS_OF_SAVE):
            self.edit(document)
        ask = partial(self.client.result, "textDocument/hover", document.somewhere(), timeout=60)
        hovers.measure(self.process.pid, ask)

    def settle(self, patience: float = 600.0) -> None:
        """Wait until nothing is traced and no process works. Messages that came until then are counted and dropped."""
        end = time.monotonic() + patience
        quiet = 0
        while quiet < 5:
            assert time.monotonic() < end, "it does not come to rest"
            states = [message["params"].get("state") for message in self.client.of("aotlens/status")]
            busy = bool(states) and states[-1] in ("busy", "starting", "restarting")
            quiet = 0 if busy else quiet + 1
            time.sleep(0.3)
        self.count()

    def count(self) -> None:
        """Count the traces that the log reports, and forget the messages: each request had one answer."""
        lines = [message["params"]["message"] for message in self.client.of("window/logMessage")]
        self.traces += sum(" convention, import " in line for line in lines)
        status = self.client.of("aotlens/status")[-1:]
        for message in self.client.of("window/showMessage"):  # one says that the tracer ended too often
            self.client.messages.remove(message)
        self.client.forget()
        self.client.messages.extend(status)

    def rest(self) -> Rest:
        """Look at the processes at rest."""
        self.settle()
        server, tracer, guardian = self.process.pid, self.tracer, self.guardian
        eventually(lambda: len(children(tracer)) == 2, "two waiting children")
        time.sleep(1)
        return Rest(
            memory(server),
            memory(tracer),
            memory(guardian),
            sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in (server, tracer, guardian)),
            len(descendants(server)),
            sum(len(files) + len(folders) for _, folders, files in os.walk(self.temporary)),
        )

    def leave(self) -> float:
        """The client is gone without a word; the seconds until all processes and files are."""
        below = [self.process.pid, *descendants(self.process.pid)]
        assert self.process.stdin is not None
        start = time.monotonic()
        self.process.stdin.close()
        self.process.wait(ENDED * 3)
        while any(map(is_alive, below)) or any(self.temporary.iterdir()):
            if time.monotonic() - start > ENDED * 3:
                break
            time.sleep(0.05)
        return time.monotonic() - start


def memory(pid: int) -> float:
    """The memory of a process without files, MB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


@dataclass
class Work:
    """What a day was: looks at the processes at rest, and hovers at rest and under load."""

    looks: list[Rest] = field(default_factory=list)
    idle: Hovers = field(default_factory=Hovers)
    loaded: Hovers = field(default_factory=Hovers)


def work(day: Day, traces: int, edits: int, until: float, chosen: random.Random) -> Work:
    """Edit, save and hover until there were so many traces and edits, or until a moment. Looks at the processes."""
    done = Work()
    day.hover(day.documents[0], Hovers())  # the first one imports what hovers need
    while len(done.looks) < LOOKS:
        part, start = len(done.looks) + 1, time.monotonic()
        most = max(0.0, until - start) / (LOOKS - len(done.looks))
        while (day.traces < traces * part / LOOKS or day.edits < edits * part / LOOKS) and (
            time.monotonic() - start < most
        ):
            for _ in range(SAVES):
                document = chosen.choice(day.documents)
                day.hover(document, done.loaded)
                day.save(document)
            day.settle()
            for _ in range(SAVES):
                day.hover(chosen.choice(day.documents), done.idle)
            day.settle()
        done.looks.append(day.rest())
        now = done.looks[-1]
        print(
            f"  {day.edits} edits, {day.traces} traces: server {now.server:.1f} MB, tracer {now.tracer:.1f}, guardian "
            f"{now.guardian:.1f}, {now.descriptors} descriptors, {now.processes} processes, {now.files} files",
            flush=True,
        )
    return done


def judge(done: Work, others: float, table: Table) -> None:
    """Compare the end of the day with its beginning, and hovers under load with those at rest."""
    warm, last = done.looks[2], done.looks[-1]
    for name in ("server", "tracer", "guardian"):
        after = statistics.median(getattr(look, name) for look in done.looks[-3:])
        table.row(f"memory of the {name}, end to warm", after / getattr(warm, name), FLAT)
    table.row("descriptors, more than when warm", last.descriptors - warm.descriptors, 0)
    table.row("processes, more than when warm", last.processes - warm.processes, 0)
    table.row("temporary files, more than when warm", last.files - warm.files, 0)
    for name in ("own", "whole"):
        idle, loaded = getattr(done.idle, name), getattr(done.loaded, name)
        what = "in processor time" if name == "own" else "as the user waits"
        print(f"  hovers {what}: median {median(idle):.1f} ms at rest, {median(loaded):.1f} ms under load", end="")
        print(f"; p99 {slowest(idle):.1f} and {slowest(loaded):.1f} ms")
        if name == "own" or others <= MOST_OF_OTHERS:
            table.row(f"p99 of hovers {what}, to that at rest", slowest(loaded) / slowest(idle), HOVERS)
        else:
            print(f"  not judged: other programs had {others:.1f} processors meanwhile")


def killed(day: Day, table: Table, chosen: random.Random) -> None:
    """Kill each kind of process once, at a random moment of a trace; then the tracer until it is given up."""
    for name in ("tracer", "guardian", "trace"):
        day.settle()
        document = next(each for each in day.documents if each.is_traced)
        start_of_trace(day, document)
        time.sleep(chosen.random() * 0.3)
        pid = day.tracer if name == "tracer" else day.guardian
        if name == "trace":
            pid = next(iter(children(day.tracer)), day.tracer)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        start = time.monotonic()
        day.settle()
        start_of_trace(day, document)
        until_traced(day, document)
        table.row(f"a map is there again after kill -9 of the {name}", time.monotonic() - start, BACK, "s")
    starts = 0
    for _ in range(3 * MAX_CRASHES):
        start_of_trace(day, document)
        try:
            pid = eventually(lambda: next(iter(tracers(day.process.pid)), None), "a tracer", timeout=15.0)
        except AssertionError:
            break
        starts += 1
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda pid=pid: not is_alive(pid), "the end of the tracer")
    table.row("starts of a tracer that is killed each time", starts, MAX_CRASHES)
    day.client.result(
        "workspace/executeCommand",
        {"command": "aotlens.traceNow", "arguments": [f"{document.path}::{document.target}"]},
    )
    start = time.monotonic()
    until_traced(day, document)
    table.row("a map is there again after the user has asked", time.monotonic() - start, BACK, "s")


def start_of_trace(day: Day, document: Edited) -> None:
    """Edit a document, and save it."""
    day.edit(document)
    day.save(document)


def until_traced(day: Day, document: Edited) -> None:
    """Wait until a document has a map of today's text."""

    def fresh() -> bool:
        lenses = day.client.result("textDocument/codeLens", {"textDocument": {"uri": document.uri}})
        titles = [day.client.result("codeLens/resolve", lens)["command"]["title"] for lens in lenses]
        return any("saves " in title for title in titles) and not any(
            word in title for title in titles for word in ("stale", "tracing", "waiting")
        )

    eventually(fresh, f"a map of {document.path.name}")


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder of its own for temporary files, so that what is left behind is seen."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("TMPDIR")
            if before is not None:
                os.environ["TMPDIR"] = before


def main() -> None:
    """Run the day, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="10,000 traces and 50,000 edits")
    parser.add_argument("--traces", type=int, default=200)
    parser.add_argument("--edits", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="end the edits after so many minutes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    traces, edits = (10_000, 50_000) if options.long else (options.traces, options.edits)
    chosen, table = random.Random(options.seed), Table()
    with tempfile.TemporaryDirectory() as folder, temporary_folder() as temporary:
        day = Day(Path(folder), temporary)
        try:
            day.rest()
            before = Processors.now(os.getpid())
            done = work(day, traces, edits, time.monotonic() + options.minutes * 60, chosen)
            others = before.of_others(Processors.now(os.getpid()))
            print(f"\n{DOCUMENTS} documents, {day.edits} edits, {day.traces} traces, {day.saves} saves")
            print(f"{'':<58}{'measured':>10}     {'bound':>10}")
            judge(done, others, table)
            table.is_busy = others > MOST_OF_OTHERS
            killed(day, table, chosen)
            table.row("everything is gone after the client", day.leave(), ENDED, "s")
            table.row("files that are left behind", len(list(temporary.iterdir())), 0)
            for latest in MOMENTS:
                seconds, left = ends_with_its_client(Path(folder), temporary, latest, chosen)
                table.row(f"everything is gone after kill -9 of a client within {latest:.0f} s", seconds, ENDED, "s")
                if left:
                    print(f"  left: {left}")
        finally:
            day.process.kill()
    if options.long:
        for name, command in ALSO.items():
            print(f"\n{name}: {' '.join(command)}", flush=True)
            ended = subprocess.run(
                [sys.executable, *command], cwd=ROOT, env={**os.environ, "AOTLENS_SOAK": "1"}
            ).returncode
            table.row(f"exit status of {name}", ended, 0)
    print("BROKEN: " + ", ".join(table.broken) if table.broken else "every figure holds its bound")
    sys.exit(bool(table.broken))


if __name__ == "__main__":
    main()
