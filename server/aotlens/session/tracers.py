"""Tracer processes for the language server: one per interpreter, kept warm, restarted with patience."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aotlens_tracer.descriptor_map import from_json, to_json
from aotlens_tracer.protocol import VERSION, Ready, TraceParams, bootstrap_command, encode

from .interpreter import Interpreter
from .tracer import READY_TIMEOUT, TracerUnusable

MAX_CRASHES = 5
CRASH_WINDOW = 180.0
"""A tracer that ended unexpectedly this often within this many seconds is not started again by itself."""
BACKOFF = (0.0, 1.0, 2.0, 4.0, 8.0)
LINE_LIMIT = 1 << 30

State = Literal["stopped", "starting", "ready", "busy", "unusable", "restarting", "gone"]


@dataclass(frozen=True)
class TracerStatus:
    """What the user may know of a tracer. `message` says what is wrong, and in `hint` what mends it."""

    state: State
    interpreter: Interpreter
    torch: str | None = None
    python: str | None = None
    message: str | None = None
    problem: str | None = None


class WarmTracer:
    """One tracer process, started when it is first needed. All methods belong to the event loop."""

    def __init__(
        self,
        interpreter: Interpreter,
        environment: Mapping[str, str],
        working_directory: str | None,
        on_change: Callable[[TracerStatus], None],
        log: Callable[[str, str], None],
    ) -> None:
        self.interpreter = interpreter
        self._environment = dict(environment)
        self._working_directory = working_directory
        self._on_change = on_change
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._ready: Ready | None = None
        self._next = 0
        self._waiting: dict[int, tuple[asyncio.Future[dict[str, Any]], Callable[[dict[str, Any]], None]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self._starting = asyncio.Lock()
        self._closed = False
        self.last_used = time.monotonic()
        self.status = TracerStatus("stopped", interpreter)

    @property
    def pid(self) -> int | None:
        """The running process, if any."""
        return self._process.pid if self._process is not None else None

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return bool(self._waiting)

    async def trace(self, params: TraceParams, on_event: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Trace one target: the answer's message.

        `on_event` gets each stage as it comes. Cancelling this coroutine ends the child. Raises TracerUnusable when the
        interpreter cannot trace, or the tracer itself ends.
        """
        await self._start()
        assert self._process is not None and self._process.stdin is not None
        self._next += 1
        identifier = self._next
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = (future, on_event)
        self.last_used = time.monotonic()
        self._set("busy")
        try:
            self._send({"id": identifier, "method": "trace", "params": to_json(params)})
            return await future
        except asyncio.CancelledError:
            self._send({"method": "cancel", "params": {"id": identifier}})
            raise
        finally:
            self._waiting.pop(identifier, None)
            self.last_used = time.monotonic()
            if not self._waiting and self.status.state == "busy":
                self._set("ready")

    def forgive(self) -> None:
        """Forget past crashes: the user asks for another try."""
        self._crashes.clear()
        if self.status.state in ("gone", "unusable"):
            self._set("stopped")

    async def close(self) -> None:
        """End the process and its children."""
        self._closed = True
        await self._end(None)
        self._set("stopped")

    def _send(self, message: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(encode(message))

    def _set(self, state: State, message: str | None = None, problem: str | None = None) -> None:
        ready = self._ready
        torch, python = (ready.torch, ready.python) if ready is not None else (None, None)
        status = TracerStatus(state, self.interpreter, torch, python, message, problem)
        if status != self.status:
            self.status = status
            self._on_change(status)

    async def _start(self) -> None:
        """Have a running process. Raises TracerUnusable at once where that was found to be no use."""
        async with self._starting:
            if self._process is not None:
                return
            if self.status.state == "unusable":
                raise TracerUnusable(self.status.problem or "died", self.status.message or "the tracer is unusable")
            now = time.monotonic()
            recent = [moment for moment in self._crashes if now - moment < CRASH_WINDOW]
            if len(recent) >= MAX_CRASHES:
                message = f"the tracer ended {MAX_CRASHES} times within {CRASH_WINDOW / 60:.0f} minutes"
                self._set("gone", message, "died")
                raise TracerUnusable("died", f"{message}: it is started again when you ask for it")
            if recent:
                self._set("restarting")
                await asyncio.sleep(BACKOFF[min(len(recent), len(BACKOFF) - 1)])
            self._set("starting")
            await self._spawn()

    async def _spawn(self) -> None:
        python = self.interpreter.path
        start = time.monotonic()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *bootstrap_command(python),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_LIMIT,
                cwd=self._working_directory,
                env={**self._environment, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
            )
        except OSError as error:
            message = f"{python} cannot be started: {error.strerror}"
            self._set("unusable", message, "died")
            raise TracerUnusable("died", message) from None
        assert self._process.stdout is not None and self._process.stderr is not None
        self._tasks = [asyncio.create_task(self._log_errors(self._process.stderr))]
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), READY_TIMEOUT)
            ready: Ready = from_json(Ready, json.loads(line)["params"])
        except (asyncio.TimeoutError, ValueError, KeyError):
            await self._end("it did not start")
            self._crashes.append(time.monotonic())
            message = f"{python} did not start as a tracer"
            self._set("unusable", message, "died")
            raise TracerUnusable("died", message) from None
        self._ready = ready
        problem, message = ready.problem, ready.message
        if ready.protocol != VERSION:
            problem, message = "protocol", f"the tracer in {python} speaks another version of the protocol"
        if problem is not None:
            await self._end(None)
            self._set("unusable", message, problem)
            raise TracerUnusable(problem, message or problem, ready)
        self._log("info", f"tracer ready in {time.monotonic() - start:.1f} s: {python}, torch {ready.torch}")
        self._tasks.append(asyncio.create_task(self._read(self._process)))
        self._set("ready")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        loop = asyncio.get_running_loop()
        while line := await process.stdout.readline():
            # A large map takes tens of milliseconds to parse: not on the event loop.
            message = json.loads(line) if len(line) < 65536 else await loop.run_in_executor(None, json.loads, line)
            waiting = self._waiting.get(message.get("id"))
            if waiting is None:
                continue
            future, on_event = waiting
            if "result" not in message:
                on_event(message)
            elif not future.done():
                future.set_result(message)
        if not self._closed and process is self._process:
            code = await process.wait()
            self._crashes.append(time.monotonic())
            self._log("error", f"the tracer ended unexpectedly, with status {code}")
            await self._end("the tracer ended unexpectedly")
            self._set("stopped", f"the tracer ended unexpectedly, with status {code}", "died")

    async def _log_errors(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self._log("debug", f"tracer: {line.decode(errors='backslashreplace').rstrip()}")

    async def _end(self, reason: str | None) -> None:
        """End the process; whoever waits for it is told."""
        process, self._process = self._process, None
        for future, _ in list(self._waiting.values()):
            if not future.done():
                if reason is None:
                    future.cancel()
                else:
                    future.set_exception(TracerUnusable("died", reason))
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 2)
            except asyncio.TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
        self._tasks = []
