"""The tracer process, driven one request at a time: what the command line needs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, Target
from aotlens_tracer.wire.json_codec import from_json, to_json
from aotlens_tracer.wire.protocol import VERSION, Ready, TargetsParams, TraceParams, bootstrap_command, encode

READY_TIMEOUT = 180.0
"""Seconds in which an interpreter must have imported torch; a cold disk makes that slow."""

FOREIGN_LINES = 1000
"""How many lines an interpreter may print before the tracer's first."""

OnStage = Callable[[str], None]


class TracerUnusable(Exception):
    """The interpreter cannot trace. `problem` as in `protocol.Ready`, or died, silent, protocol."""

    def __init__(self, problem: str, message: str, ready: Ready | None = None) -> None:
        super().__init__(message)
        self.problem = problem
        self.ready = ready


@dataclass(frozen=True)
class Traced:
    """An answer, and what user code printed on the way."""

    map: DescriptorMap
    output: str


@dataclass(frozen=True)
class Targets:
    """The module classes of a file, or why it cannot be imported."""

    targets: tuple[Target, ...]
    failure: Failure | None
    output: str


class TracerProcess:
    """A tracer in one interpreter. Use as a context manager: leaving it ends the process and its children."""

    def __init__(self, python: str, working_directory: str, spawn: bool = False) -> None:
        self._python = python
        self._command = bootstrap_command(python, *(["--spawn"] if spawn else []))
        self._working_directory = working_directory
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed on leaving
        self._next = 0
        self._start()

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=self._working_directory,
                env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
            )
        except OSError as error:
            raise TracerUnusable("died", f"{self._python} cannot be started: {error.strerror}") from None
        try:
            self.ready = self._handshake(self._python)
        except BaseException:
            self.close()
            raise

    def restart(self) -> None:
        """Start again after the tracer ended. Raises TracerUnusable."""
        self.close()
        self._start()

    def _handshake(self, python: str) -> Ready:
        timer = threading.Timer(READY_TIMEOUT, self._process.kill)
        timer.start()
        try:
            message = self._first_message()
        finally:
            late = not timer.is_alive()
            timer.cancel()
        if message is None:
            slow = f" within {READY_TIMEOUT:g} s" if late else ""
            why = self._last_log_line() or ": it is no Python, or ends without a word"
            raise TracerUnusable("died", f"{python} did not start as a tracer{slow}{why}")
        if message.get("method") != "ready" or message["params"].get("protocol") != VERSION:
            raise TracerUnusable("protocol", f"the tracer in {python} speaks another version of the protocol")
        ready: Ready = from_json(Ready, message["params"])
        if ready.problem is not None:
            raise TracerUnusable(ready.problem, ready.message or ready.problem, ready)
        return ready

    def trace(self, params: TraceParams, on_stage: OnStage = lambda stage: None) -> Traced:
        """Trace one target. Raises TracerUnusable when the tracer itself ends."""
        message = self._request("trace", params, on_stage)
        return Traced(from_json(DescriptorMap, message["result"]), message["output"])

    def targets(self, params: TargetsParams, on_stage: OnStage = lambda stage: None) -> Targets:
        """The module classes of a file, found by importing it. Raises TracerUnusable when the tracer itself ends."""
        message = self._request("targets", params, on_stage)
        result = message["result"]
        targets: Sequence[Any] = result["targets"]
        return Targets(
            tuple(from_json(Target, target) for target in targets),
            from_json(Failure, result["failure"]),
            message["output"],
        )

    def log(self) -> str:
        """What the tracer wrote to stderr."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", errors="backslashreplace")

    def close(self) -> None:
        """End the tracer; its child ends with it."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> TracerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        self._log.close()

    def _request(self, method: str, params: TraceParams | TargetsParams, on_stage: OnStage) -> dict[str, Any]:
        self._next += 1
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its end shows when reading
            self._process.stdin.write(encode({"id": self._next, "method": method, "params": to_json(params)}))
            self._process.stdin.flush()
        while (message := self._read()) is not None:
            if message.get("id") != self._next:
                continue
            if "result" in message:
                return message
            on_stage(message["stage"])
        raise TracerUnusable("died", f"the tracer {self._how_it_ended()} in the middle of this{self._last_log_line()}")

    def _how_it_ended(self) -> str:
        try:
            status = self._process.wait(2)
        except subprocess.TimeoutExpired:
            return "closed its pipe"
        if status < 0:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(-status).name}"
        return f"ended with status {status}"

    def _last_log_line(self) -> str:
        lines = self.log().strip().splitlines()
        return f": {lines[-1][:500]}" if lines else ""

    def _first_message(self) -> dict[str, Any] | None:
        """The first line that is a message: a start-up file of the interpreter may have printed before it."""
        for _ in range(FOREIGN_LINES):
            try:
                message = self._read()
            except ValueError:
                continue
            if message is None or isinstance(message, dict):
                return message
        return None

    def _read(self) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None
