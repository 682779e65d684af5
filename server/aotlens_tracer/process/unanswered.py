"""The answer for a child that gave none: it crashed, exited, hung, or used too much memory."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import replace
from typing import Any

from ..failures import EXAMPLE_FILE, Codebase, shortened
from ..wire.advice import Advice, Known
from ..wire.descriptor_map import DescriptorMap, EagerRun, Example, Failure, Frame, Problem, Seconds, Span, Target
from ..wire.json_codec import from_json, to_json
from ..wire.problems import Bug, ManyProcesses, MemoryLimit, NoMemory, ProcessEnded, Raised, TimeLimit
from ..wire.protocol import ExampleSource
from .job import Job
from .memory import MOST_PROCESSES, MOST_THREADS
from .source_lines import SourceLines
from .stacks import DUMP_BYTES, DUMP_FILE, frames_of, without_ours


def after_a_bug(job: Job, bug: dict[str, Any]) -> dict[str, Any]:
    """Return the answer for an exception in our own code: the user's, if their code raised it there, else ours.

    That there is no memory is the user's, too: their code took it, or limits it.
    """
    if _is_the_users(job, bug):
        return _answer(job, "error", Raised(*bug["error"]))
    kind, text = bug["error"]
    if kind == MemoryError.__name__:  # it can come at any line, and is nobody's mistake there
        return _answer(job, "memory", NoMemory(text))
    lines = bug["traceback"].strip().splitlines() or [kind]
    return _answer(job, "crash", Bug(lines[-1], job.real))


def _is_the_users(job: Job, bug: dict[str, Any]) -> bool:
    """Whether code of the user's raised the exception: a signal handler, or what is in the place of Python's own."""
    return bool(bug["frames"]) and Codebase(job.params["path"]).owns(bug["frames"][0][0])


def after_its_end(job: Job, status: int) -> dict[str, Any]:
    """Return the answer for a child that ended; `status` is as `Child.poll` returns it."""
    return _answer(job, "crash", _how_it_ended(job, status))


def after_the_time_limit(job: Job) -> dict[str, Any]:
    """Return the answer for a child that is too slow."""
    return _answer(job, "timeout", TimeLimit(job.params["timeout"], job.real))


def after_the_memory_limit(job: Job) -> dict[str, Any]:
    """Return the answer for a child that is too large."""
    return _answer(job, "memory", MemoryLimit(job.params["memory"], job.real))


def after_the_limit_of_files(job: Job) -> dict[str, Any]:
    """Return the answer for a child that keeps too much in its temporary files."""
    return _answer(job, "memory", MemoryLimit(job.params["memory"], job.real, in_files=True))


def after_too_many_processes(job: Job) -> dict[str, Any]:
    """Return the answer for a child that starts processes without end."""
    return _answer(job, "crash", ManyProcesses(MOST_PROCESSES))


def after_too_many_threads(job: Job) -> dict[str, Any]:
    """Return the answer for a child that starts threads without end."""
    return _answer(job, "crash", ManyProcesses(MOST_THREADS, in_threads=True))


def after_unfit_messages(job: Job, error: Exception) -> dict[str, Any]:
    """Return the answer for a child that left what cannot be judged, with nothing of what it left."""
    bare = Job(job.request, job.child, job.unframer, job.started)
    return _answer(bare, "crash", Bug(f"{type(error).__name__}: {error}"), b"")


def _answer(job: Job, reason: str, problem: Problem, dump: bytes | None = None) -> dict[str, Any]:
    if job.whole is not None:
        return _without_eager(job, problem, time.monotonic() - job.whole)
    params = job.params
    stage = job.stage if job.stage in ("import", "example") else "capture"
    example = _example(params, job.candidate)
    if dump is None:
        dump = job.child.read_file(DUMP_FILE, DUMP_BYTES)
    frames = _frames(job, example, dump)
    place = frames[-1] if frames else None
    failure = Failure(
        stage,
        reason,
        problem,
        place.path if place else params["path"],
        place.line if place else None,
        advice=_advice(job, problem, reason, stage),
        frames=frames,
        traceback=_traceback(job, problem) or without_ours(dump) or None,
    )
    if job.request["method"] == "targets":
        return {"targets": [], "failure": to_json(failure)}
    seconds = replace(Seconds(), total=round(time.monotonic() - job.started, 3))
    target = Target(params["path"], params["qualname"], (params.get("definition_lines") or [None])[-1])
    map = DescriptorMap(target, "failed", params["convention"], example, failure=failure, seconds=seconds)
    answer: dict[str, Any] = to_json(map)
    return answer


def _without_eager(job: Job, problem: Problem, seconds: float) -> dict[str, Any]:
    """Return the map as it was before the steps in eager, and why nothing is known of these after so many seconds."""
    return job.completed({"eager_run": to_json(EagerRun("fake", round(seconds, 3), problem=problem))})


def _how_it_ended(job: Job, status: int) -> ProcessEnded:
    if job.exit is not None:
        return ProcessEnded(job.exit["status"], by_os_exit=True, real=job.real)
    if status >= 0:
        return ProcessEnded(status, real=job.real)
    name = str(-status)
    with contextlib.suppress(ValueError):
        name = signal.Signals(-status).name
    return ProcessEnded(signal=name, real=job.real)


def _traceback(job: Job, problem: Problem) -> str | None:
    return None if job.bug is None or isinstance(problem, NoMemory) else job.bug["traceback"]


def _advice(job: Job, problem: Problem, reason: str, stage: str) -> Advice | None:
    if job.bug is not None:
        of_kind = {Bug: "report-bug", NoMemory: "no-memory"}.get(type(problem))
        return Known(of_kind) if of_kind is not None else None
    if reason in ("timeout", "memory"):
        return Known("more-time" if reason == "timeout" else "more-memory")
    return Known("runs-at-import") if stage == "import" and job.exit is not None else None


def _example(params: dict[str, Any], candidate: int) -> Example | None:
    """Return the example of a request that was being tried, as far as it is known before it is evaluated."""
    sources = params.get("examples") or []
    if candidate >= len(sources):
        return None
    known: ExampleSource = from_json(ExampleSource, sources[candidate])
    span = Span(known.path, known.line, known.column) if known.path and known.line else None
    return Example(known.origin, expression=known.expression.strip() or None, source=span, candidate=candidate)


def _frames(job: Job, example: Example | None, dump: bytes) -> tuple[Frame, ...]:
    """Return the user's frames, outermost first, from the call of `os._exit` or from the dumped stacks."""
    codebase = Codebase(job.params["path"])
    stack = frames_of(dump)
    if job.bug is not None:
        stack = [Frame(path, line or 1, function) for path, line, function in job.bug["frames"]]
    if job.exit is not None:
        stack = [Frame(path, line, function) for path, line, function in job.exit["frames"]]
    frames = []
    for frame in reversed(stack):
        if not codebase.owns(frame.path):
            continue
        if frame.path == EXAMPLE_FILE:
            source = example.source if example is not None else None
            if source is None:
                continue
            frame = Frame(source.path, source.line + frame.line - 1, None)
        frames.append(frame)
    lines = SourceLines()
    return tuple(replace(frame, code=lines.line(frame.path, frame.line)) for frame in shortened(frames))
