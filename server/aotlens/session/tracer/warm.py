"""Tracer processes for the language server: one per interpreter, kept warm, restarted with patience."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from aotlens_tracer.wire.json_codec import from_json, to_json
from aotlens_tracer.wire.protocol import VERSION, Ready, TraceParams, bootstrap_command, encode

from .interpreter import Interpreter
from .process import FOREIGN_LINES, READY_TIMEOUT, TracerUnusable

MAX_CRASHES = 5
CRASH_WINDOW = 180.0
"""A tracer that ended unexpectedly this often within this many seconds is not started again by itself."""
BACKOFF = (0.0, 1.0, 2.0, 4.0, 8.0)
END_SECONDS = 1.0
"""How long a tracer may take to end by itself, with its children, once its pipe is closed."""
LINE_LIMIT = 1 << 30

State = Literal["stopped", "starting", "ready", "busy", "unusable", "restarting", "gone"]


@dataclass(frozen=True)
class TracerStatus:
    """What the user may know of a tracer. `message` says what is wrong, and `hint` what mends it."""

    state: State
    interpreter: Interpreter
    torch: str | None = None
    python: str | None = None
    message: str | None = None
    problem: str | None = None

    @property
    def hint(self) -> str | None:
        """What mends the problem."""
        if self.state == "gone":
            return "trace something by hand, or restart the tracer"
        if self.state != "unusable" or self.problem is None:
            return None
        return _hint_for(self.problem, self.interpreter)


def _hint_for(problem: str, interpreter: Interpreter) -> str:
    """What mends a problem of an interpreter: those of `protocol.Ready`, and died, protocol, none."""
    choose = "choose another interpreter with aotlens.interpreter"
    if problem == "no-torch":
        return f"install torch there ({interpreter.path} -m pip install torch), or {choose}"
    if problem == "old-torch":
        return f"upgrade torch there, or {choose}"
    if problem == "other-torch":
        return f"install torch 2.13 to 2.15 there, upgrade aotlens, or {choose}"
    if problem == "broken-torch":
        return f"try it there: {interpreter.path} -c 'import torch'"
    return choose


class WarmTracer:
    """One tracer process, started when it is first needed. All methods belong to the event loop."""

    def __init__(
        self,
        interpreter: Interpreter,
        environment: Mapping[str, str],
        folder: Path,
        on_change: Callable[[TracerStatus], None],
        log: Callable[[str, str], None],
    ) -> None:
        self.interpreter = interpreter
        self._environment = dict(environment)
        self._folder = folder
        self._on_change = on_change
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._ready: Ready | None = None
        self._next = 0
        self._waiting: dict[int, tuple[asyncio.Future[dict[str, Any]], Callable[[dict[str, Any]], None]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self._last_words = ""
        self._starting: asyncio.Task[None] | None = None
        self._closed = False
        self.last_used = time.monotonic()
        self.status = TracerStatus("stopped", interpreter)

    @property
    def folder(self) -> Path:
        """The folder that it was started for."""
        return self._folder

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
        await self.start()
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

    async def start(self) -> None:
        """Have a running process. Raises TracerUnusable, at once where that was found to be no use.

        Cancelling this leaves the start to go on: whoever comes next has the use of it.
        """
        if self._process is not None and self.status.state in ("ready", "busy"):
            return
        if self._closed:
            raise TracerUnusable("died", "the tracer was ended")
        if self._starting is None or self._starting.done():
            self._starting = asyncio.ensure_future(self._start())
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        starting = self._starting
        try:
            await asyncio.shield(starting)
        except TracerUnusable:
            if self._starting is starting:
                raise
            await self.start()  # the user asked for another try after that one had failed

    def forgive(self) -> None:
        """Forget past crashes: the user asks for another try."""
        self._crashes.clear()
        if self.status.state in ("gone", "unusable"):
            self._starting = None  # its failure is out of date, for those too who have not heard of it yet
            self._set("stopped")

    async def close(self) -> None:
        """End the process and its children."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
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
            await asyncio.sleep(BACKOFF[min(len(recent), len(BACKOFF)) - 1])
        self._set("starting")
        await self._spawn()

    async def _spawn(self) -> None:
        python = self.interpreter.path
        start = time.monotonic()
        try:
            process = await asyncio.create_subprocess_exec(
                *bootstrap_command(python, "--background"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_LIMIT,
                cwd=self._folder if self._folder.is_dir() else None,
                env={**self._environment, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
            )
        except (OSError, ValueError) as error:  # no such program; nothing that an environment can hold
            self._give_up("died", f"{python} cannot be started: {getattr(error, 'strerror', None) or error}")
        self._process = process
        assert process.stdout is not None and process.stderr is not None
        self._last_words = ""
        listening = asyncio.create_task(self._log_errors(process.stderr))
        self._tasks = [listening]
        try:
            ready = await asyncio.wait_for(_first_message(process.stdout), READY_TIMEOUT)
        except asyncio.TimeoutError:
            await self._end("it did not start")
            self._give_up("died", f"{python} did not start as a tracer within {READY_TIMEOUT:g} s")
        if ready is None:
            await asyncio.wait([listening, asyncio.ensure_future(process.wait())], timeout=END_SECONDS)
            code = process.returncode
            await self._end("it did not start")
            if code is not None and code < 0:  # that says nothing about the interpreter
                self._crashed(f"{_how_it_ended(code)} while it started")
                raise TracerUnusable("died", f"the tracer {_how_it_ended(code)} while it started")
            why = f": {self._last_words}" if self._last_words else ": it is no Python, or ends without a word"
            self._give_up("died", f"{python} did not start as a tracer{why}")
        self._ready = ready
        problem, message = ready.problem, ready.message
        if ready.protocol != VERSION:
            problem, message = "protocol", f"the tracer in {python} speaks another version of the protocol"
        if problem is not None:
            await self._end(None)
            self._give_up(problem, message or problem)
        self._log("info", f"tracer ready in {time.monotonic() - start:.1f} s: {python}, torch {ready.torch}")
        self._tasks.append(asyncio.create_task(self._read(process)))
        self._set("ready")

    def _give_up(self, problem: str, message: str) -> NoReturn:
        """Nothing can be traced in this interpreter, until the user changes something and asks."""
        self._set("unusable", message, problem)
        raise TracerUnusable(problem, message, self._ready)

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
            if future.done():
                continue
            if "result" not in message:
                try:
                    on_event(message)
                except Exception as error:  # it costs this trace, not those to come
                    future.set_exception(error)
            else:
                future.set_result(message)
        if not self._closed and process is self._process:
            how = _how_it_ended(await process.wait())
            self._crashed(how)
            await self._end(f"the tracer {how}")

    def _crashed(self, how: str) -> None:
        self._crashes.append(time.monotonic())
        self._log("error", f"the tracer {how}")
        self._set("stopped", f"the tracer {how}", "died")

    async def _log_errors(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            text = line.decode(errors="backslashreplace").rstrip()
            self._last_words = text[:500] or self._last_words
            self._log("debug", f"tracer: {text}")

    async def _end(self, reason: str | None) -> None:
        """End the process; whoever waits for it is told."""
        process, self._process = self._process, None
        tasks, self._tasks = self._tasks, []
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
                if self.status.state != "starting":  # until it has started it does not notice that its pipe is closed
                    await asyncio.wait_for(process.wait(), END_SECONDS)
            except asyncio.TimeoutError:
                pass
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
            await process.wait()
        current = asyncio.current_task()
        for task in tasks:
            if task is not current:
                task.cancel()


async def _first_message(stream: asyncio.StreamReader) -> Ready | None:
    """The first line that is the tracer's: a start-up file of the interpreter may have printed before it."""
    for _ in range(FOREIGN_LINES):
        line = await stream.readline()
        if not line:
            return None
        try:
            ready: Ready = from_json(Ready, json.loads(line)["params"])
            return ready
        except (ValueError, KeyError, TypeError):
            continue
    return None


def _how_it_ended(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended unexpectedly, with status {code}"
