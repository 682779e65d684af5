"""Tracers of the language server: each is kept running, and restarted after crashes, but not endlessly."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from aotlens.explain.fence import gaps_in_words
from aotlens_tracer.wire.protocol import Ready, TraceParams

from .client import Launch, Message, OnEvent, TracerClient, TracerEnded, TracerUnusable
from .interpreter import Interpreter
from .status import State, TracerStatus

MAX_CRASHES = 5
"""The number of crashes within CRASH_WINDOW seconds after which a tracer is no longer restarted automatically."""
CRASH_WINDOW = 180.0
BACKOFF = (0.0, 1.0, 2.0, 4.0)
"""Seconds to wait before the restart after each of these crashes."""


class WarmTracer:
    """The tracer of one interpreter, started on first use. All methods belong to the event loop."""

    def __init__(
        self,
        interpreter: Interpreter,
        environment: Mapping[str, str],
        folder: Path,
        on_change: Callable[[TracerStatus], None],
        log: Callable[[str, str], None],
    ) -> None:
        self.interpreter = interpreter
        self.folder = folder
        self._launch = Launch(interpreter.path, folder, dict(environment), ("--background",))
        self._on_change = on_change
        self._log = log
        self._client: TracerClient | None = None
        self._ended: TracerClient | None = None  # it crashed, and may still be ending what it left behind
        self._ready: Ready | None = None
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self._starting: asyncio.Task[TracerClient] | None = None
        self._is_closed = False
        self.last_used = time.monotonic()
        self.status = TracerStatus("stopped", interpreter)

    @property
    def pid(self) -> int | None:
        """The running process, if any."""
        return self._client.pid if self._client is not None else None

    @property
    def is_busy(self) -> bool:
        """True while a request is under way."""
        return self._client is not None and self._client.is_busy

    async def trace(self, params: TraceParams, on_event: OnEvent) -> Message:
        """Trace one target and return the message that answers.

        `on_event` receives each event as it comes. Cancelling this coroutine ends the tracer's child. Raises
        TracerUnusable if the interpreter cannot trace, TracerEnded if the tracer ends.
        """
        client = await self.start()
        self.last_used = time.monotonic()
        self._set("busy")
        try:
            return await client.request("trace", params, on_event)
        finally:
            self.last_used = time.monotonic()
            if not self.is_busy and self.status.state == "busy":
                self._set("ready")

    async def start(self) -> TracerClient:
        """Return the running process, started if necessary.

        Cancelling this does not cancel the start: the next caller uses it. Raises TracerUnusable, immediately if an
        earlier start has shown that the interpreter cannot trace.
        """
        if self._client is not None and self.status.state in ("ready", "busy"):
            return self._client
        if self._is_closed:
            raise TracerEnded("the tracer was closed")
        if self._starting is None or self._starting.done():
            self._starting = asyncio.ensure_future(self._start())
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        starting = self._starting
        try:
            return await asyncio.shield(starting)
        except TracerUnusable:
            if self._starting is starting:
                raise
            return await self.start()  # the user asked for another attempt after that one had failed

    def forgive(self) -> None:
        """Forget past crashes and problems, because the user asks for another attempt."""
        self._crashes.clear()
        if self.status.state in ("gone", "unusable"):
            self._starting = None  # its failure is out of date: nobody who waits for it may see it
            self._set("stopped")

    async def close(self) -> None:
        """End the process and its children."""
        self._is_closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        client, self._client = self._client, None
        for one in (client, self._ended):
            if one is not None:
                await one.close()
        self._set("stopped")

    async def _start(self) -> TracerClient:
        if self.status.state == "unusable":
            raise TracerUnusable(self.status.problem or "died", self.status.message or "the tracer is unusable")
        now = time.monotonic()
        recent = sum(now - moment < CRASH_WINDOW for moment in self._crashes)
        if recent >= MAX_CRASHES:
            message = f"the tracer ended {MAX_CRASHES} times within {CRASH_WINDOW / 60:.0f} minutes"
            self._set("gone", message, "died")
            raise TracerEnded(f"{message}: it is not started again until you ask for a trace")
        if recent:
            self._set("restarting")
            await asyncio.sleep(BACKOFF[min(recent, len(BACKOFF)) - 1])
        self._set("starting")
        return await self._launch_client()

    async def _launch_client(self) -> TracerClient:
        began = time.monotonic()
        client = TracerClient(self._launch, lambda line: self._log("debug", f"tracer: {line}"), self._crashed)
        self._client = client
        try:
            self._ready = await client.start()
        except TracerEnded as error:
            self._crashed(str(error))
            raise
        except TracerUnusable as error:
            self._client, self._ready = None, error.ready or self._ready
            self._set("unusable", str(error), error.problem)
            raise
        seconds = time.monotonic() - began
        self._log("info", f"tracer ready in {seconds:.1f} s: {self.interpreter.path}, torch {self._ready.torch}")
        if (missing := gaps_in_words(self._ready.gaps)) is not None:
            self._log("info", f"fence around traces: {missing}")
        self._set("ready")
        return client

    def _crashed(self, message: str) -> None:
        self._client, self._ended = None, self._client
        self._crashes.append(time.monotonic())
        self._log("error", message)
        self._set("stopped", message, "died")

    def _set(self, state: State, message: str | None = None, problem: str | None = None) -> None:
        ready = self._ready
        torch, python = (ready.torch, ready.python) if ready is not None else (None, None)
        status = TracerStatus(state, self.interpreter, torch, python, message, problem)
        if status != self.status:
            self.status = status
            self._on_change(status)
