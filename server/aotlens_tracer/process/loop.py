"""The tracer process: imports torch once, runs each request in a child of its own, enforces the limits.

One thread, one loop. A child that hangs, grows, crashes or exits costs its own request, which is answered with the
reason and the best place known.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from ..values.waiting import can_be_recorded_apart
from ..wire.json_codec import from_json, to_json
from ..wire.protocol import BEAT_SECONDS, LONGEST_MESSAGE, ExampleSource, Lines, Unframer, encode
from . import unanswered
from .beginnings import Beginnings
from .child import Child, WaitingChild, fork, fork_waiting, spawn
from .inside import IS_RECORDED_APART, RECORD, RESULT_FILE, spawned_main
from .job import Job, RunningRecorder
from .memory import MOST_PROCESSES, MOST_THREADS, descendants, exceeds, processes_below, threads_below, threads_of
from .messages import Message, understood
from .orphans import adopt_orphans, end_orphans, living_orphans
from .pump import SelectorPump, ThreadPump
from .readiness import get_ready
from .scratch import Folder, Leftovers
from .stacks import DUMP_BYTES, DUMP_FILE, is_complete
from .standby import Standby

START_SECONDS = 60.0
"""How long a child may take to start.

A spawned child imports torch first; this time does not count for any request.
"""
POLL_SECONDS = 0.02
"""How often limits are looked at while a child runs."""
GRACE_SECONDS = 0.3
"""How long a child may take to write its stacks before it is killed."""
URGENT_SECONDS = 1.5
"""For how long a trace has the processor to itself, before the next children are made beside it."""
NICENESS = 10
"""By how much a tracer in the background lowers its priority, as `nice` counts it."""


def main(arguments: list[str], scratch: Folder | None = None) -> None:
    """Run as the tracer, with its files in the folder `scratch`; with `--child` as a spawned child.

    `--spawn` avoids fork on a system that has it; `--background` lowers the priority of the process, so
    that the editor goes first.
    """
    if "--child" in arguments:
        spawned_main()
        return
    if "--background" in arguments and hasattr(os, "nice"):
        os.nice(NICENESS)
    # Ctrl-C in a terminal reaches every process there: the command line decides, and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = os.dup(0), os.dup(1)
    # Anything that torch prints while it is imported belongs to the log, which is stderr.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    can_fork = hasattr(os, "fork") and "--spawn" not in arguments
    ready = get_ready(can_fork)
    _write(replies, {"method": "ready", "params": to_json(ready)})
    if ready.problem is None:
        Tracer(requests, replies, can_fork, scratch).run()


def _write(descriptor: int, message: dict[str, Any]) -> None:
    data = encode(message)
    while data:
        data = data[os.write(descriptor, data) :]


def _orphans(job: Job, waiting: Collection[int]) -> list[int]:
    """Return the processes that the children of a job left behind."""
    return living_orphans({*waiting, *(child.pid for child in job.children)}, job.strangers)


def _members(job: Job, orphans: Collection[int]) -> list[int]:
    """Return the process that traces, what it started, and what that left behind."""
    return [member for pid in (job.child.pid, *orphans) for member in (pid, *descendants(pid))]


def _receive(job: Job, message: Message, replies: int) -> Message:
    """Note a message of a child, and send it on; return it as it was understood: empty if it was not."""
    known = understood(message)
    if known is None:
        return {}
    try:
        is_for_server = job.receive(known)
    except Exception:  # user code has written it: the parts do not fit
        return {}
    if is_for_server:
        _write(replies, {**known, "id": job.request["id"]})
    return known


@contextlib.contextmanager
def _judging(job: Job, answer: Callable[[Job, dict[str, Any]], None]) -> Iterator[None]:
    """Let an error in what judges a child's data, which user code can write, end its job alone."""
    try:
        yield
    except Exception as error:
        if job.ended:  # the answer is on its way: the server is gone, or the fault is in the clearing up
            raise
        answer(job, unanswered.after_unfit_messages(job, error))


class Tracer:
    """The loop: requests in, children out, answers back."""

    def __init__(self, requests: int, replies: int, can_fork: bool, scratch: Folder | None) -> None:
        self._replies = replies
        self._requests = requests
        self._can_fork = can_fork
        self._scratch = scratch
        self._pump = SelectorPump() if can_fork else ThreadPump()
        self._lines = Lines()
        self._waiting: list[dict[str, Any]] = []
        self._job: Job | None = None
        self._running = True
        self._last_beat = 0.0
        self._leftovers = Leftovers()
        self._beginnings = Beginnings(self._pump)
        # One child traces, another one records values. A spawned one has an import of torch of its own: one is enough.
        self._standby = Standby(self._fork_waiting, 2) if can_fork else Standby(lambda: spawn(scratch))

    def run(self) -> None:
        """Answer requests until the server closes the pipe or asks to stop."""
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGTERM", "SIGHUP"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), lambda *_: self._stop())
        adopt_orphans()
        self._pump.add(self._requests, self._on_request_bytes)
        try:
            while self._running:
                if self._job is None and self._waiting:
                    self._start(self._waiting.pop(0))
                self._beat()
                self._pump.poll(self._patience())
                if not self._is_needed_now():
                    self._standby.work()
                    self._leftovers.remove_more()
                if self._job is not None:
                    with _judging(self._job, self._answer):
                        self._look_after(self._job)
        finally:
            if self._job is not None:
                for child in self._job.children:
                    self._beginnings.kill(child)
                    child.forget()
            self._standby.end()
            end_orphans(set())

    def _beat(self) -> None:
        """Let the server know, while it waits, that this process does not stand still."""
        now = time.monotonic()
        if self._job is not None and now - self._last_beat >= BEAT_SECONDS:
            self._last_beat = now
            _write(self._replies, {"method": "beat"})

    def _patience(self) -> float:
        """Return for how many seconds to wait for bytes."""
        if (self._standby.is_complete and not self._leftovers) or self._is_needed_now():
            return POLL_SECONDS if self._job is not None else 1.0
        return 0.0

    def _is_needed_now(self) -> bool:
        """Whether a request is to be answered first. A child that has reported its calls has given what is urgent.

        One that takes long may end at a limit: the next children get warm meanwhile.
        """
        if self._waiting or self._job is None or not self._can_fork:
            return bool(self._waiting)
        return self._job.calls is None and time.monotonic() - self._job.started < URGENT_SECONDS

    def _stop(self) -> None:
        self._running = False

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
        recorder = self._take_recorder(request)
        self._begin(request | {IS_RECORDED_APART: True} if recorder is not None else request, recorder)

    def _begin(self, request: dict[str, Any], recorder: Child | None) -> Job:
        child = self._standby.take(request) or self._new_child(request)
        job = Job(request, child, Unframer(child.token))
        if recorder is not None:
            self._add_recorder(job, RunningRecorder(recorder))
        job.strangers = frozenset(_orphans(job, self._standby.pids))
        self._beginnings.answer(child, lambda: _orphans(job, self._standby.pids))
        self._job = job
        self._pump.add(child.messages, lambda data: self._on_messages(job, data))
        self._pump.add(child.output, job.output.feed)
        return job

    def _add_recorder(self, job: Job, recorder: RunningRecorder) -> None:
        job.recorder = recorder
        self._beginnings.answer(recorder.child, lambda: _orphans(job, self._standby.pids))
        self._pump.add(recorder.child.messages, lambda data: self._on_recorded(job, data))
        self._pump.add(recorder.child.output, lambda data: None)

    def _take_recorder(self, request: dict[str, Any]) -> Child | None:
        """Give the request to a child that records values, if two wait, and somebody looks at parts of the map."""
        if len(self._standby.pids) < 2 or request["method"] != "trace" or not request["params"].get("stages"):
            return None
        first = next(iter(request["params"]["examples"]), None)
        if first is None or not can_be_recorded_apart(from_json(ExampleSource, first)):
            return None
        return self._standby.take(request | {"method": RECORD})

    def _new_child(self, request: dict[str, Any]) -> Child:
        if self._can_fork:
            return fork(request, self._scratch, self._close_in_child)
        child = spawn(self._scratch)
        child.start(request)
        return child

    def _fork_waiting(self) -> WaitingChild:
        return fork_waiting(self._scratch, self._close_in_child)

    def _close_in_child(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        held = self._scratch.descriptors if self._scratch is not None else ()
        for descriptor in {self._requests, self._replies, *self._pump.descriptors, *self._standby.descriptors, *held}:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _on_messages(self, job: Job, data: bytes) -> None:
        for message in job.unframer.feed(data):
            event = _receive(job, message, self._replies).get("event")
            if event == "records":
                self._end_recorder(job, is_dismissed=True)
            if event == "calls" and self._can_fork:
                with contextlib.suppress(Exception):  # user code can have written them
                    self._standby.learned.add(message["calls"])

    def _on_recorded(self, job: Job, data: bytes) -> None:
        if job.recorder is not None:
            for message in job.recorder.receive(data):
                _receive(job, message, self._replies)

    def _end_recorder(self, job: Job, is_dismissed: bool = False) -> None:
        """End the child that records values, if there is one. What it has sent is dropped if it is dismissed."""
        recorder = job.recorder
        if recorder is None:
            return
        if is_dismissed:
            job.recorder = None
        self._beginnings.kill(recorder.child)
        self._pump.remove(recorder.child.messages)
        self._pump.remove(recorder.child.output)
        self._leftovers.remove(recorder.child.folder)
        job.recorder = None

    def _look_after(self, job: Job) -> None:
        """Answer if the child is done, gone, too slow or too large."""
        if job.ended:
            return
        orphans = _orphans(job, self._standby.pids)
        status = job.child.poll()
        if job.result is None and status is not None:
            self._read_the_rest(job)
        limit = job.params.get("memory")
        is_bomb = any(threads_of(child.pid) > MOST_THREADS for child in job.children)
        if job.recorder is not None and limit and not is_bomb and exceeds(job.recorder.child.pid, limit):
            self._end_recorder(job)
        if job.result is not None and job.may_have_been_disturbed:
            self._start_again(job)
        elif job.result is not None and job.lacks_values:
            self._record_again(job)
        elif job.result is not None:
            if job.recorder is None or not job.recorder.is_worth_waiting_for():
                self._answer(job, job.result)
        elif job.bug is not None:
            self._answer(job, unanswered.after_a_bug(job, job.bug))
        elif status is not None and not job.begun and not job.is_second:
            self._start_again(job)  # it was ended before it came to the user's code
        elif status is not None:
            self._answer(job, unanswered.after_its_end(job, status))
        elif time.monotonic() - job.started > job.params["timeout"] + (0 if job.begun else START_SECONDS):
            self._read_stacks(job)
            self._answer(job, unanswered.after_the_time_limit(job))
        elif is_bomb:
            self._answer(job, unanswered.after_too_many_threads(job))
        elif any(
            processes_below(child.pid, orphans) > MOST_PROCESSES for child in job.children
        ):  # they go on: there is no time for stacks
            self._answer(job, unanswered.after_too_many_processes(job))
        elif any(threads_below(child.pid, orphans) > MOST_THREADS for child in job.children):
            self._answer(job, unanswered.after_too_many_threads(job))
        elif limit and exceeds(job.child.pid, limit, orphans):
            self._read_stacks(job)
            self._answer(job, unanswered.after_the_memory_limit(job))
        elif limit and job.files.exceed(limit, job.child.folder.path, _members(job, orphans)):
            self._read_stacks(job)
            self._answer(job, unanswered.after_the_limit_of_files(job))

    def _read_stacks(self, job: Job) -> None:
        """Let a child report where it is, before it is killed. While native code runs, it cannot."""
        if not job.child.ask_for_stacks():
            return
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and not is_complete(job.child.read_file(DUMP_FILE, DUMP_BYTES)):
            if job.child.poll() is not None:
                break
            time.sleep(0.01)

    def _read_the_rest(self, job: Job) -> None:
        """Read what a child left behind: bytes in its pipe, or messages in a file if its pipe was closed."""
        self._pump.remove(job.child.messages)
        if job.result is None:
            for message in Unframer(job.child.token).feed(job.child.read_file(RESULT_FILE, LONGEST_MESSAGE)):
                _receive(job, message, self._replies)

    def _start_again(self, job: Job) -> None:
        """Carry the request out again, in a child that is alone with the user's code."""
        self._end(job)
        again = self._begin({name: value for name, value in job.request.items() if name != IS_RECORDED_APART}, None)
        again.is_second = True

    def _record_again(self, job: Job) -> None:
        """Record the values in a child that is alone with the user's code. The map is there."""
        self._beginnings.kill(job.child)
        self._end_recorder(job)
        request = job.request | {"method": RECORD}
        self._add_recorder(job, RunningRecorder(self._standby.take(request) or self._new_child(request), is_alone=True))

    def _answer(self, job: Job, result: dict[str, Any] | None) -> None:
        """Send the one answer, and clear up."""
        self._end(job)
        _write(self._replies, {"id": job.request["id"], "result": result, "output": job.output.text()})

    def _end(self, job: Job) -> None:
        job.ended = True
        self._end_recorder(job)
        self._beginnings.kill(job.child)
        self._pump.remove(job.child.messages)
        self._pump.remove(job.child.output)
        self._job = None
        end_orphans(self._standby.pids)  # first: they could change the folder while it is removed
        self._leftovers.remove(job.child.folder)
