"""From an edit to the shapes and to the whole map, next to torch's own work on the same text in a warm process.

make bench, or python tests/benchmarks/edits.py [NAME OF A MODEL]

One tracer and one process of torch's own are asked in turn, in one run: what else the machine does slows both. Both get
a text with another number in it each time, as the editor sends it before it is saved. The clock of the tracer runs from
the request to the arrival of a stage. The server's pause before the request is measured apart (`pause`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bounds import finish, hold
from edited_models import MODELS, Model

from aotlens.session.automatic import TYPING_PAUSE
from aotlens.session.tracer.client import Launch, TracerClient
from aotlens_tracer.process.memory import descendants
from aotlens_tracer.wire.protocol import ExampleSource, TraceParams

STAGES = ("built", "shapes", "folded", "joint", "whole", "answer")
QUIET = 0.3
"""Seconds without work after which a process is at rest."""


class Tracer:
    """A warm tracer, by its protocol."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = TracerClient(Launch(sys.executable, folder, os.environ))
        self._run(self._client.start())
        self._path = folder / "edited.py"
        self.processor = 0.0
        """The processor seconds of the child up to the whole map, in the last trace."""

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def trace(self, model: Model, number: int) -> dict[str, float]:
        """Trace an edited text; the seconds from the request to each stage."""
        self._path.write_text(model.edited(0), encoding="utf-8")
        example = ExampleSource(model.example, "pinned", str(self._path), 1)
        overlay = {str(self._path): model.edited(number)}
        params = TraceParams(str(self._path), model.target, (example,), overlay=overlay, stages=True, timeout=600)
        seconds: dict[str, float] = {}
        before = {pid: processor_seconds(pid) for pid in self.pids()}
        start = time.perf_counter()

        def on_event(message: dict[str, Any]) -> None:
            if message.get("event") == "map":
                seconds.setdefault(message["stage"], time.perf_counter() - start)
                if message["stage"] == "whole":
                    worked = {pid: processor_seconds(pid) - before.get(pid, 0.0) for pid in self.pids()}
                    self.processor = max(worked.values())

        answer = self._run(self._client.request("trace", params, on_event))
        seconds["answer"] = time.perf_counter() - start
        assert "whole" in seconds, answer["result"].get("failure")
        return seconds

    def rest(self) -> None:
        """Wait until no process of it works, such as one that gets ready for the next request."""
        before, since = -1.0, time.monotonic()
        while time.monotonic() - since < QUIET:
            worked = sum(map(processor_seconds, self.pids()))
            if worked != before:
                before, since = worked, time.monotonic()
            time.sleep(0.05)

    def peak(self, model: Model) -> float:
        """The largest memory of all its processes in one trace, MB; pages that they share count once."""
        import threading

        peak, ended = 0.0, threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(0.02):
                peak = max(peak, sum(map(proportional, self.pids())))

        watcher = threading.Thread(target=watch)
        watcher.start()
        self.trace(model, 99)
        ended.set()
        watcher.join()
        return peak

    def pids(self) -> list[int]:
        pid = self._client.pid
        assert pid is not None
        return [pid, *descendants(pid)]

    def close(self) -> None:
        self._run(self._client.close())
        self._run(self._loop.shutdown_default_executor())
        self._loop.close()


class Torch:
    """Torch alone in a warm process."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        peer = Path(__file__).parent / "torch_peer.py"
        self._process = subprocess.Popen(
            [sys.executable, str(peer)], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
        self._number = 0
        self.peak = self.processor = 0.0

    def seconds(self, what: str, model: Model, number: int) -> float:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._number += 1
        request = [what, model.edited(number), self._number, model.constructor, model.arguments]
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        before = processor_seconds(self._process.pid)
        taken, self.peak = json.loads(self._process.stdout.readline())
        self.processor = processor_seconds(self._process.pid) - before
        return float(taken)

    def memory(self) -> float:
        return proportional(self._process.pid)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(120)


def processor_seconds(pid: int) -> float:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    return 0.0


def proportional(pid: int) -> float:
    """The memory of a process without files, MB; a page that several share counts in parts."""
    with contextlib.suppress(OSError, IndexError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")) / 1024
    return 0.0


def compare(model: Model) -> None:
    """Measure one model; the first turn of both is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        tracer, torch = Tracer(Path(folder)), Torch()
        ours: dict[str, list[float]] = {stage: [] for stage in STAGES}
        theirs: dict[str, list[float]] = {"forward": [], "pipeline": []}
        processor: tuple[list[float], list[float]] = ([], [])
        for number in range(model.rounds + 1):
            tracer.rest()
            seconds = tracer.trace(model, number)
            tracer.rest()
            taken = {what: torch.seconds(what, model, number) for what in theirs}
            if number:
                processor[0].append(tracer.processor)
                processor[1].append(torch.processor)
                for stage, value in seconds.items():
                    ours[stage].append(value)
                for what, value in taken.items():
                    theirs[what].append(value)
        tracer.rest()
        idle, peak = sum(map(proportional, tracer.pids())), tracer.peak(model)
        tracer.close()
        torch.close()
    median = {name: statistics.median(values) for name, values in {**ours, **theirs}.items() if values}
    stages = "  ".join(f"{stage} {median[stage] * 1000:.0f}" for stage in STAGES if stage in median)
    print(f"{model.name}: median of {model.rounds}, ms: {stages}", end="")
    print(f"; torch's forward {median['forward'] * 1000:.0f}, pipeline {median['pipeline'] * 1000:.0f}")
    worked = [statistics.median(values) for values in processor]
    print(
        f"    processor, ms: child up to whole {worked[0] * 1000:.0f}, torch's pipeline {worked[1] * 1000:.0f}", end=""
    )
    print(f", ratio {worked[0] / worked[1]:.2f}")
    print(f"    memory, MB: tracer at rest {idle:.0f}, peak {peak:.0f}; torch's process at its peak {torch.peak:.0f}")
    for stage, what in (("shapes", "forward"), ("whole", "pipeline")):
        if stage in median:
            ratio = median[stage] / median[what]
            print(f"    edit to {stage}: {ratio:.2f} of torch's {what}", flush=True)
            hold(f"edit to {stage}: {model.name}", ratio)


def main(names: list[str]) -> None:
    print(f"the server waits {TYPING_PAUSE * 1000:.0f} ms after the last key; this is not in the figures")
    for model in MODELS:
        if not names or model.name in names:
            compare(model)
    finish()


if __name__ == "__main__":
    main(sys.argv[1:])
