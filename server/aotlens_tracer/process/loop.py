"""The tracer process: imports torch once, runs each request in a child of its own, enforces the limits.

One thread, one loop. A child that hangs, grows, crashes or exits costs its own request, which is answered with the
reason and the best place known.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

from ..failures import EXAMPLE_FILE, Codebase, code_line, shortened
from ..wire.advice import Advice, Known
from ..wire.descriptor_map import DescriptorMap, Example, Failure, Frame, Problem, Seconds, Span, Target
from ..wire.json_codec import from_json, to_json
from ..wire.problems import Bug, MemoryLimit, ProcessEnded, TimeLimit
from ..wire.protocol import MINIMUM_TORCH, VERSION, ExampleSource, Lines, Ready, Unframer, encode, python_version
from . import child as child_processes
from .child import DUMP_FILE, DYNAMO_HEADER, RESULT_FILE, Child
from .memory import can_watch, exceeds
from .pump import SelectorPump, ThreadPump

START_SECONDS = 60.0
"""How long a child may take until it begins; one that is spawned imports torch first, on nobody's account."""
POLL_SECONDS = 0.02
"""How often limits are looked at while a child runs."""
GRACE_SECONDS = 0.3
"""How long a child that has to go may take to write its stacks."""
OUTPUT_LIMIT = 1 << 16
"""Bytes kept of what user code prints, at the beginning and again at the end."""
NICENESS = 10
"""By how much a tracer in the background lowers its priority, as `nice` counts it."""
_DUMP_FRAME = re.compile(r'^  File "(?P<path>.*)", line (?P<line>\d+) in (?P<function>.*)$')


def main(arguments: list[str]) -> None:
    """Run as the tracer; with `--child` as a spawned child.

    `--spawn` avoids fork where there is one; `--background` leaves the processor to whoever else wants it, such as the
    editor whose user waits for no trace.
    """
    if "--child" in arguments:
        child_processes.spawned_main()
        return
    if "--background" in arguments and hasattr(os, "nice"):
        os.nice(NICENESS)
    # Ctrl-C in a terminal reaches every process there: the command line decides, and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = os.dup(0), os.dup(1)
    # What torch prints while it is imported belongs to the log, which is stderr.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    fork = hasattr(os, "fork") and "--spawn" not in arguments
    ready = _get_ready(fork)
    _write(replies, {"method": "ready", "params": to_json(ready)})
    if ready.problem is None:
        Tracer(requests, replies, fork).run()


def _get_ready(fork: bool) -> Ready:
    """Import torch, and all that a trace needs of it, so that a forked child need not."""
    start = time.perf_counter()
    # One thread: a fork of a process that ran OpenMP or OpenBLAS threads hangs as soon as it computes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    version, cuda = None, False
    try:
        version, cuda = _import_torch()
        problem, message = _problem_with(version)
    except ModuleNotFoundError as error:
        problem = "no-torch" if error.name == "torch" else "broken-torch"
        message = "torch is not installed in this interpreter" if problem == "no-torch" else f"importing torch: {error}"
    except (Exception, SystemExit) as error:
        problem, message = "broken-torch", f"torch cannot be imported: {type(error).__name__}: {error}"
    if fork and problem is None:
        import gc

        gc.collect()
        gc.freeze()  # what is shared with the children stays shared: the collector does not write to it
    seconds = round(time.perf_counter() - start, 3)
    return Ready(VERSION, python_version(), sys.executable, version, problem, message, fork, cuda, seconds)


def _import_torch() -> tuple[str, bool]:
    """torch's version, and whether it finds a GPU."""
    import torch

    version, cuda = torch.__version__, torch.cuda.is_available()
    if _release(version) >= MINIMUM_TORCH:
        torch.set_num_threads(1)
    return version, cuda


def _problem_with(version: str) -> tuple[str | None, str | None]:
    """What keeps a trace from working with this torch: it lacks what is imported of it."""
    if _release(version) < MINIMUM_TORCH:
        needed = ".".join(map(str, MINIMUM_TORCH))
        return "old-torch", f"torch {version} is too old: aotlens needs {needed} or newer"
    try:
        from ..steps import trace  # noqa: F401
    except (ImportError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        return "other-torch", f"aotlens works with torch 2.13 to 2.15, and not with {version} ({why})"
    return None, None


def _release(version: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _write(descriptor: int, message: dict[str, Any]) -> None:
    data = encode(message)
    while data:
        data = data[os.write(descriptor, data) :]


class Output:
    """What user code printed: all of it while it is short, else its beginning and its end."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """Add what was printed."""
        room = OUTPUT_LIMIT - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        surplus = len(self._tail) - OUTPUT_LIMIT
        if surplus > 0:
            self._dropped += surplus
            del self._tail[:surplus]

    def text(self) -> str:
        """As text; bytes that are none are shown as escapes."""
        gap = f"\n[... {self._dropped} bytes left out ...]\n".encode() if self._dropped else b""
        return bytes(self._head + gap + self._tail).decode("utf-8", errors="backslashreplace")


@dataclass
class Job:
    """A request that is being carried out."""

    request: dict[str, Any]
    child: Child
    unframer: Unframer
    started: float = field(default_factory=time.monotonic)
    begun: bool = False
    stage: str = "import"
    real: Problem | None = None
    """Why the example had to be built with real tensors; None while fake ones work."""
    candidate: int = 0
    output: Output = field(default_factory=Output)
    result: dict[str, Any] | None = None
    exit: dict[str, Any] | None = None
    bug: str | None = None
    ended: bool = False

    @property
    def params(self) -> dict[str, Any]:
        """The request's parameters."""
        return self.request["params"]


class Tracer:
    """The loop: requests in, children out, answers back."""

    def __init__(self, requests: int, replies: int, fork: bool) -> None:
        self._replies = replies
        self._requests = requests
        self._fork = fork
        self._pump = SelectorPump() if fork else ThreadPump()
        self._lines = Lines()
        self._waiting: list[dict[str, Any]] = []
        self._job: Job | None = None
        self._running = True
        self._standby: child_processes.SpawnedChild | None = None

    def run(self) -> None:
        """Serve until the server closes the pipe or asks to stop."""
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGTERM", "SIGHUP"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), lambda *_: self._stop())
        child_processes.adopt_orphans()
        self._prepare()
        self._pump.add(self._requests, self._on_request_bytes)
        try:
            while self._running:
                if self._job is None and self._waiting:
                    self._start(self._waiting.pop(0))
                self._pump.poll(POLL_SECONDS if self._job is not None else 1.0)
                if self._job is not None:
                    self._look_after(self._job)
        finally:
            if self._job is not None:
                self._job.child.kill()
                self._job.child.forget()
            if self._standby is not None:
                self._standby.kill()
                self._standby.forget()
            child_processes.end_orphans(set())

    def _stop(self) -> None:
        self._running = False

    def _prepare(self) -> None:
        """Where there is no fork: have a child ready that has imported torch."""
        if not self._fork and self._standby is None:
            self._standby = child_processes.spawn()

    def _on_request_bytes(self, data: bytes) -> None:
        if not data:
            self._stop()
        for line in self._lines.feed(data):
            request = json.loads(line)
            if request["method"] == "shutdown":
                self._stop()
            elif request["method"] == "cancel":
                self._cancel(request["params"]["id"])
            else:
                self._waiting.append(request)

    def _cancel(self, identifier: int) -> None:
        if self._job is not None and self._job.request["id"] == identifier:
            self._answer(self._job, None)
        for request in [r for r in self._waiting if r["id"] == identifier]:
            self._waiting.remove(request)
            _write(self._replies, {"id": identifier, "result": None})

    def _start(self, request: dict[str, Any]) -> None:
        if self._fork:
            child = child_processes.fork(request, self._close_in_child)
        else:
            self._prepare()
            child, self._standby = self._standby, None
            child.start(request)
            self._prepare()
        job = Job(request, child, Unframer(child.token))
        self._job = job
        self._pump.add(child.messages, lambda data: self._on_messages(job, data))
        self._pump.add(child.output, job.output.feed)

    def _close_in_child(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.close(self._requests)
        os.close(self._replies)

    def _on_messages(self, job: Job, data: bytes) -> None:
        for message in job.unframer.feed(data):
            self._on_message(job, message)

    def _on_message(self, job: Job, message: dict[str, Any]) -> None:
        if not job.begun:
            job.begun, job.started = True, time.monotonic()
        if "result" in message:
            job.result = message["result"]
        elif message.get("event") == "stage":
            job.stage = message["stage"]
            _write(self._replies, {"id": job.request["id"], **message})
        elif message.get("event") == "map":
            _write(self._replies, {"id": job.request["id"], **message})
        elif message.get("event") == "real":
            job.real = from_json(Problem, message["problem"])
        elif message.get("event") == "candidate":
            job.candidate = message["index"]
        elif message.get("event") == "exit":
            job.exit = message
        elif message.get("event") == "bug":
            job.bug = message["traceback"]

    def _look_after(self, job: Job) -> None:
        """See whether the child is done, gone, too slow or too large."""
        if job.ended:
            return
        status = job.child.poll()
        if job.result is None and status is not None:
            self._read_the_rest(job)
        if job.result is not None:
            self._answer(job, job.result)
        elif job.bug is not None:
            last = job.bug.strip().splitlines()[-1]
            self._answer(job, self._failed(job, "crash", Bug(last, job.real)))
        elif status is not None:
            self._answer(job, self._failed(job, "crash", _how_it_ended(status, job)))
        elif time.monotonic() - job.started > job.params["timeout"] + (0 if job.begun else START_SECONDS):
            self._read_stacks(job)
            self._answer(job, self._failed(job, "timeout", TimeLimit(job.params["timeout"], job.real)))
        elif self._too_large(job):
            self._read_stacks(job)
            self._answer(job, self._failed(job, "memory", MemoryLimit(job.params["memory"], job.real)))

    def _too_large(self, job: Job) -> bool:
        limit = job.params.get("memory")
        return bool(limit) and exceeds(job.child.pid, limit)

    def _read_stacks(self, job: Job) -> None:
        """Before a child is killed: let it say where it is."""
        if not job.child.ask_for_stacks():
            return
        deadline = time.monotonic() + GRACE_SECONDS
        # The part about Dynamo comes last, and not at all while native code runs.
        while time.monotonic() < deadline and DYNAMO_HEADER.encode() not in self._stacks(job):
            if job.child.poll() is not None:
                break
            time.sleep(0.01)

    def _stacks(self, job: Job) -> bytes:
        return job.child.read_file(DUMP_FILE)

    def _read_the_rest(self, job: Job) -> None:
        """What a child left behind: bytes in its pipe, or messages in a file because its pipe was closed."""
        self._pump.remove(job.child.messages)
        if job.result is None:
            for message in Unframer(job.child.token).feed(job.child.read_file(RESULT_FILE)):
                self._on_message(job, message)

    def _answer(self, job: Job, result: dict[str, Any] | None) -> None:
        """Send the one answer, and clear up."""
        job.ended = True
        job.child.kill()
        self._pump.remove(job.child.messages)
        self._pump.remove(job.child.output)
        job.child.forget()
        self._job = None
        child_processes.end_orphans({self._standby.pid} if self._standby is not None else set())
        _write(self._replies, {"id": job.request["id"], "result": result, "output": job.output.text()})

    def _failed(self, job: Job, reason: str, problem: Problem) -> dict[str, Any]:
        """The answer for a child that gave none."""
        params = job.params
        stage = job.stage if job.stage in ("import", "example") else "capture"
        example = _example(params, job.candidate)
        frames = self._frames(job, example)
        place = frames[-1] if frames else None
        failure = Failure(
            stage,
            reason,
            problem,
            place.path if place else params["path"],
            place.line if place else None,
            advice=Known("report-bug") if job.bug is not None else _advice(reason, stage),
            frames=frames,
            traceback=job.bug or _without_ours(self._stacks(job).decode(errors="replace")) or None,
        )
        if job.request["method"] == "targets":
            return {"targets": [], "failure": to_json(failure)}
        seconds = replace(Seconds(), total=round(time.monotonic() - job.started, 3))
        target = Target(params["path"], params["qualname"], (params.get("definition_lines") or [None])[-1])
        return to_json(DescriptorMap(target, "failed", params["convention"], example, failure=failure, seconds=seconds))

    def _frames(self, job: Job, example: Example | None) -> tuple[Frame, ...]:
        """The user's frames, outermost first, from the call of `os._exit` or from the dumped stacks."""
        codebase = Codebase(job.params["path"])
        if job.exit is not None:
            stack = [Frame(path, line, function) for path, line, function in job.exit["frames"]]
        else:
            stack = _dumped_frames(self._stacks(job).decode(errors="replace"))
        frames = []
        for frame in reversed(stack):
            if not codebase.owns(frame.path):
                continue
            if frame.path == EXAMPLE_FILE:
                source = example.source if example is not None else None
                if source is None:
                    continue
                frame = Frame(source.path, source.line + frame.line - 1, "the example")
            frames.append(replace(frame, code=code_line(frame.path, frame.line)))
        return shortened(frames)


def _without_ours(stacks: str) -> str:
    """Dumped stacks without the frames of this package."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return "\n".join(line for line in stacks.splitlines() if not line.startswith(f'  File "{here}'))


def _dumped_frames(text: str) -> list[Frame]:
    """The frames of the last stack that faulthandler wrote, innermost first; of Dynamo's, where there is one."""
    dynamo = text.partition(DYNAMO_HEADER)[2]
    text = dynamo if dynamo.strip() else text
    frames: list[Frame] = []
    for line in text.splitlines():
        if line.startswith(("Current thread", "Stack (most recent")):
            frames = []
        elif (match := _DUMP_FRAME.match(line)) is not None:
            # faulthandler writes what is not ASCII as escapes
            path = re.sub(r"\\(x..|u....|U........)", lambda m: chr(int(m[1][1:], 16)), match["path"])
            frames.append(Frame(path, int(match["line"]), match["function"]))
    return frames


def _example(params: dict[str, Any], candidate: int) -> Example | None:
    """The example of a request that was being tried, as far as it is known before it is evaluated."""
    sources = params.get("examples") or []
    if candidate >= len(sources):
        return None
    known: ExampleSource = from_json(ExampleSource, sources[candidate])
    span = Span(known.path, known.line, known.column) if known.path and known.line else None
    return Example(known.origin, expression=known.expression.strip() or None, source=span, candidate=candidate)


def _how_it_ended(status: int, job: Job) -> ProcessEnded:
    if job.exit is not None:
        return ProcessEnded(job.exit["status"], by_os_exit=True, real=job.real)
    if status >= 0:
        return ProcessEnded(status, real=job.real)
    name = str(-status)
    with contextlib.suppress(ValueError):
        name = signal.Signals(-status).name
    return ProcessEnded(signal=name, real=job.real)


def _advice(reason: str, stage: str) -> Advice | None:
    if reason in ("timeout", "memory"):
        return Known("more-time" if reason == "timeout" else "more-memory")
    return Known("runs-at-import") if stage == "import" and reason == "crash" else None


__all__ = ["Output", "Tracer", "can_watch", "main"]
