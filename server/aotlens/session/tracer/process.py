"""The tracer for code without an event loop, such as the command line: one request at a time, blocking."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aotlens.model.named_sizes import with_named_sizes
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, Target
from aotlens_tracer.wire.json_codec import from_json
from aotlens_tracer.wire.protocol import Ready, TargetsParams, TraceParams

from .client import Launch, Message, OnEvent, TracerClient, UnreadableAnswer

_NOTICE_SECONDS = 0.01
"""Seconds that the event loop runs to see what has happened to the process."""
_LOG_LINES = 2_000
"""The lines of the log that are kept: a process may live for long."""
OnStage = Callable[[str], None]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Traced:
    """The map of a target, and the text that user code printed while it was traced."""

    map: DescriptorMap
    output: str


@dataclass(frozen=True)
class Targets:
    """The module classes of a file, or the reason why it cannot be imported, and the text that user code printed."""

    targets: tuple[Target, ...]
    failure: Failure | None
    output: str


class TracerProcess:
    """A `TracerClient` driven by an event loop of its own. Leaving it as a context manager ends the process.

    Creating one raises TracerUnusable if the interpreter cannot trace.
    """

    ready: Ready
    """The first message of the running tracer."""

    def __init__(self, python: str, working_directory: str, spawn: bool = False) -> None:
        self._launch = Launch(python, Path(working_directory), os.environ, ("--spawn",) if spawn else ())
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._task: asyncio.Task[Any] | None = None
        self._loop = asyncio.new_event_loop()
        try:
            self._start()
        except BaseException:
            self._loop.close()
            raise

    def still_runs(self) -> bool:
        """Return whether the process has not ended by itself since the last request."""
        self._run(asyncio.sleep(_NOTICE_SECONDS))
        return self._client.pid is not None

    def cancel(self) -> None:
        """End what is under way, from another thread; there, it raises CancelledError. Nothing happens without any."""
        task = self._task
        if task is not None:
            self._loop.call_soon_threadsafe(task.cancel)

    def restart(self) -> None:
        """Start another process after the tracer ended. Raises TracerUnusable."""
        self._run(self._client.close())
        self._start()

    def trace(self, params: TraceParams, on_stage: OnStage = lambda stage: None) -> Traced:
        """Trace one target. Raises TracerEnded if the tracer itself ends, UnreadableAnswer."""
        message = self._run(self._client.request("trace", params, _stages(on_stage)))
        try:
            map: DescriptorMap = from_json(DescriptorMap, message["result"])
            return Traced(with_named_sizes(map), message["output"])
        except Exception as error:
            raise UnreadableAnswer from error

    def targets(self, params: TargetsParams, on_stage: OnStage = lambda stage: None) -> Targets:
        """Import a file and return its module classes. Raises as `trace` does."""
        message = self._run(self._client.request("targets", params, _stages(on_stage)))
        try:
            result = message["result"]
            targets = tuple(from_json(Target, target) for target in result["targets"])
            return Targets(targets, from_json(Failure, result["failure"]), message["output"])
        except Exception as error:
            raise UnreadableAnswer from error

    def log(self) -> str:
        """Return the text that the tracer wrote to stderr. It is complete once the tracer is closed."""
        return "\n".join(self._log)

    def close(self) -> None:
        """End the process and its children."""
        if not self._loop.is_closed():
            self._run(self._client.close())
            self._run(self._loop.shutdown_default_executor())
            self._loop.close()

    def __enter__(self) -> TracerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._client = TracerClient(self._launch, self._log.append)
        self.ready = self._run(self._client.start())

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        task = self._loop.create_task(coroutine)
        self._task = task
        try:
            return self._loop.run_until_complete(task)
        except KeyboardInterrupt:  # leaves the task unfinished
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(task)
            raise
        finally:
            self._task = None


def _stages(on_stage: OnStage) -> OnEvent:
    def on_event(message: Message) -> None:
        if message.get("event") == "stage":
            on_stage(message["stage"])

    return on_event
