"""One tracer process, from its start to its end: handshake, requests, answers. Runs on an event loop.

`TracerProcess` (command line) and `WarmTracer` (language server) are built on this.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aotlens.explain.interpreters import why_unusable
from aotlens.session.scratch import new_subfolder
from aotlens_tracer.process.orphans import adopt_orphans, end_marked
from aotlens_tracer.process.scratch import OPTION, VARIABLE, Folder
from aotlens_tracer.wire.json_codec import from_json, to_json
from aotlens_tracer.wire.protocol import VERSION, Ready, TargetsParams, TraceParams, bootstrap_command, encode

from .problems import code_of
from .watch import Watch

READY_TIMEOUT = 180.0
"""Seconds within which an interpreter must have imported torch. A cold disk makes that slow."""
END_SECONDS = 1.0
"""Seconds that a tracer and its children get to end on their own after its pipe was closed. Then they are killed."""
_LOG_SECONDS = 0.2
"""Seconds to wait for the rest of the log after the process has ended; a stray child may keep the pipe open."""
_FOREIGN_LINES = 1000
"""The number of lines that an interpreter may print before the tracer's first message."""
_LINE_LIMIT = 1 << 30
"""Bytes in one line; a map is one line."""
_LARGE_LINE = 1 << 16
"""Bytes from which on a line is parsed outside the event loop; a large map takes tens of milliseconds."""
_LOG_LINE_LIMIT = 500
"""Characters of a log line that are quoted in a message."""

Message = dict[str, Any]
OnEvent = Callable[[Message], None]
"""Receives the events of a request (`{"event": ..., ...}`), in their order, before the answer."""


class TracerUnusable(Exception):
    """An interpreter cannot trace.

    `problem` is a code of `code_of`, or "died" or "protocol". `ready` is the tracer's first message, if it came.
    """

    def __init__(self, problem: str, message: str, ready: Ready | None = None) -> None:
        super().__init__(message)
        self.problem = problem
        self.ready = ready


class UnreadableAnswer(Exception):
    """An answer is no map: user code has written it."""


class TracerEnded(TracerUnusable):
    """A tracer process ended unexpectedly. Another one may work."""

    def __init__(self, message: str) -> None:
        super().__init__("died", message)


@dataclass(frozen=True)
class Launch:
    """The start of a tracer process: the interpreter, the working directory, the environment, `main`'s arguments."""

    python: str
    working_directory: Path
    environment: Mapping[str, str]
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Request:
    answer: asyncio.Future[Message]
    on_event: OnEvent
    memory: int | None


class TracerClient:
    """A tracer process and the requests that it is working on. After its end, another client is needed.

    `on_log` receives each line that the process writes to stderr. `on_end` receives a message when the process ends
    without `close`, before the requests under way fail. All methods belong to one event loop.
    """

    def __init__(
        self,
        launch: Launch,
        on_log: Callable[[str], None] = lambda line: None,
        on_end: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._launch = launch
        self._on_log = on_log
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._scratch: Folder | None = None
        self._why_ended: str | None = None
        self._watching: asyncio.Task[None] | None = None
        self._closing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._requests: dict[int, _Request] = {}
        self._last_number = 0
        self._last_log_line = ""
        self._is_ready = False
        self._end: TracerEnded | None = None

    @property
    def pid(self) -> int | None:
        """The running process; None before its start and after its end."""
        return self._process.pid if self._process is not None else None

    @property
    def is_busy(self) -> bool:
        """True while a request is under way."""
        return bool(self._requests)

    async def start(self) -> Ready:
        """Start the process and wait until it has imported torch.

        Raises TracerUnusable if this interpreter cannot trace, TracerEnded if a signal ended the process.
        """
        launch = self._launch
        folder = launch.working_directory
        try:
            exists, scratch = await asyncio.get_running_loop().run_in_executor(None, _prepare, folder)
        except OSError as error:  # torch would take folders of the temporary directory that others may have made
            why = f"no private temporary folder can be made ({error}): TMPDIR can name one that is yours alone"
            raise TracerUnusable("died", why) from None
        self._scratch = scratch
        try:
            process = await asyncio.create_subprocess_exec(
                *bootstrap_command(launch.python, *launch.arguments, OPTION, scratch.path),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LINE_LIMIT,
                cwd=folder if exists else None,
                env={
                    **launch.environment,
                    "PYTHONIOENCODING": "utf-8",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    VARIABLE: scratch.path,
                },
                start_new_session=True,  # a signal to the tracer's process group does not reach us
            )
        except (OSError, ValueError) as error:  # ValueError: an environment variable that no system accepts
            reason = getattr(error, "strerror", None) or error
            raise TracerUnusable("died", f"{launch.python} cannot be started: {reason}") from None
        self._process = process
        assert process.stdout is not None and process.stderr is not None
        self._tasks = [asyncio.create_task(self._read_log(process.stderr))]
        try:
            ready = await self._handshake(process, process.stdout)
        except BaseException:
            await self.close()
            raise
        self._is_ready = True
        self._last_log_line = ""
        watch = Watch(process.pid, self._memory_limit)
        self._tasks.append(asyncio.create_task(self._read_answers(process, process.stdout, watch)))
        if ready.beats:
            self._watching = asyncio.create_task(self._watch(process, watch))
        return ready

    async def request(
        self, method: str, params: TraceParams | TargetsParams, on_event: OnEvent = lambda message: None
    ) -> Message:
        """Send a request and return the message that answers it.

        Cancelling this coroutine ends the tracer's child. Raises TracerEnded if the tracer itself ends, and what
        `on_event` raises.
        """
        if self._end is not None:
            raise TracerEnded(str(self._end))
        self._last_number += 1
        number = self._last_number
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._requests[number] = _Request(answer, on_event, params.memory)
        try:
            self._send({"id": number, "method": method, "params": to_json(params)})
            return await answer
        except asyncio.CancelledError:
            self._send({"method": "cancel", "params": {"id": number}})
            raise
        finally:
            del self._requests[number]

    async def close(self) -> None:
        """End the process and its children. The requests under way are cancelled."""
        async with self._closing:  # whoever comes second waits for the end, too
            await self._close()

    async def _close(self) -> None:
        process, self._process = self._process, None
        tasks, self._tasks = self._tasks, []
        if self._end is None:
            self._end = TracerEnded("the tracer was closed")
        for request in self._requests.values():
            request.answer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        others = [task for task in tasks if task is not asyncio.current_task()]
        try:
            if process is not None:
                await _end(process, patient=self._is_ready)
            await asyncio.get_running_loop().run_in_executor(None, self._end_the_rest)
            if others:
                await asyncio.wait(others, timeout=_LOG_SECONDS)
        finally:  # the event loop may end before that: pipes that are open then fail when they are collected
            for task in others:
                task.cancel()
            if process is not None:
                _close_pipes(process)

    def _end_the_rest(self) -> None:
        """End and remove what the process has left behind. Its guardian has done so, unless it was killed itself."""
        if self._scratch is not None:
            end_marked(f"{VARIABLE}={self._scratch.path}")
            self._scratch.remove()

    def _send(self, message: Message) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):  # the reader notices that the process has ended
                self._process.stdin.write(encode(message))

    async def _handshake(self, process: asyncio.subprocess.Process, stdout: asyncio.StreamReader) -> Ready:
        python = self._launch.python
        try:
            message = await asyncio.wait_for(_first_message(stdout), READY_TIMEOUT)
        except asyncio.TimeoutError:
            slow = f"{python} did not start as a tracer within {READY_TIMEOUT:g} s{self._quoted_log()}"
            raise TracerUnusable("died", slow) from None
        if message is None:
            await asyncio.wait([self._tasks[0], asyncio.create_task(_wait(process))], timeout=END_SECONDS)
            if process.returncode is not None and process.returncode < 0:  # this says nothing about the interpreter
                raise TracerEnded(f"the tracer {_how_it_ended(process.returncode)} while it started")
            why = self._quoted_log() or ": not a Python interpreter, or it exited without output"
            raise TracerUnusable("died", f"{python} did not start as a tracer{why}")
        if message.get("method") != "ready" or message["params"].get("protocol") != VERSION:
            raise TracerUnusable("protocol", f"the tracer in {python} speaks another version of the protocol")
        ready: Ready = from_json(Ready, message["params"])
        if ready.problem is not None:
            raise TracerUnusable(code_of(ready.problem), why_unusable(ready.problem), ready)
        return ready

    def _memory_limit(self) -> int | None:
        """Return the bytes that the requests under way may use; 0 without a request, None if one has no limit."""
        limits = [request.memory for request in self._requests.values()]
        return None if None in limits else max((limit for limit in limits if limit is not None), default=0)

    async def _watch(self, process: asyncio.subprocess.Process, watch: Watch) -> None:
        """End a process that stands still: its requests fail as if it had ended by itself."""
        self._why_ended = await watch.until_it_stands_still()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.get_running_loop().run_in_executor(None, self._end_the_rest)

    async def _read_answers(
        self, process: asyncio.subprocess.Process, stdout: asyncio.StreamReader, watch: Watch
    ) -> None:
        loop = asyncio.get_running_loop()
        while line := await stdout.readline():
            watch.heard()
            is_large = len(line) >= _LARGE_LINE
            message = await loop.run_in_executor(None, _parse, line) if is_large else _parse(line)
            request = self._requests.get(message.get("id", 0)) if message is not None else None
            if message is not None and request is not None and not request.answer.done():
                _deliver(message, request)
        if process is self._process:
            await self._ended(process)

    async def _ended(self, process: asyncio.subprocess.Process) -> None:
        """Report the end of a process that closed its pipe before the client was closed."""
        await asyncio.wait([self._tasks[0], asyncio.create_task(_wait(process))], timeout=END_SECONDS)
        if process is not self._process:
            return
        code = process.returncode
        how = self._why_ended or ("closed its pipe" if code is None else _how_it_ended(code))
        self._end = TracerEnded(f"the tracer {how}{self._quoted_log()}")
        self._on_end(str(self._end))
        for request in self._requests.values():
            if not request.answer.done():
                request.answer.set_exception(TracerEnded(str(self._end)))
        await self.close()

    async def _read_log(self, stderr: asyncio.StreamReader) -> None:
        while line := await stderr.readline():
            text = line.decode(errors="backslashreplace").rstrip()
            self._last_log_line = text or self._last_log_line
            self._on_log(text)

    def _quoted_log(self) -> str:
        """Return the last line of the log since the start or the handshake, to be appended to a message."""
        return f": {self._last_log_line[:_LOG_LINE_LIMIT]}" if self._last_log_line else ""


def _deliver(message: Message, request: _Request) -> None:
    if "result" in message:
        request.answer.set_result(message)
        return
    try:
        request.on_event(message)
    except Exception as error:  # it fails this request, not later ones
        request.answer.set_exception(error)


async def _first_message(stdout: asyncio.StreamReader) -> Message | None:
    """Return the first line that is a message; a start-up file of the interpreter may have printed before it."""
    for _ in range(_FOREIGN_LINES):
        line = await stdout.readline()
        if not line:
            return None
        message = _parse(line)
        if message is not None and isinstance(message.get("params"), dict):
            return message
    return None


def _parse(line: bytes) -> Message | None:
    """Return the message on a line; None if the line is not a message."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


async def _wait(process: asyncio.subprocess.Process) -> None:
    await process.wait()


def _prepare(working_directory: Path) -> tuple[bool, Folder]:
    """Return whether the directory exists, and a new folder for the tracer's files. Raises OSError."""
    adopt_orphans()
    return os.path.isdir(working_directory), new_subfolder("t")


async def _end(process: asyncio.subprocess.Process, patient: bool) -> None:
    """End a process: by closing its pipe, by a signal that lets its guardian end all that is below it, and by force.

    A tracer that is still starting does not notice that its pipe was closed: `patient` is False then.
    """
    if process.stdin is not None:
        process.stdin.close()
    try:
        if patient:
            await _ends_within(process, END_SECONDS)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await _ends_within(process, END_SECONDS)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    await process.wait()


async def _ends_within(process: asyncio.subprocess.Process, seconds: float) -> None:
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(process.wait(), seconds)


def _close_pipes(process: asyncio.subprocess.Process) -> None:
    """Close the pipes of a process that has ended. A stray child may keep their other ends open."""
    transport = getattr(process, "_transport", None)  # asyncio has no public way; unclosed, it fails when collected
    if transport is not None:
        transport.close()


def _how_it_ended(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended unexpectedly, with status {code}"
