"""A disposable process for one request: how it starts, by fork or by spawn, and what runs in it.

Its messages travel on a pipe of their own; stdin is empty; stdout and stderr are captured together. It is the leader of
a session of its own, so that whatever it starts ends with it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import types
from collections.abc import Callable
from typing import Any

from ..wire.json_codec import from_json, to_json
from ..wire.protocol import TargetsParams, TraceParams, bootstrap_command, encode
from .channel import Channel, move_high, replace_standard_streams
from .memory import children_of

DUMP_SIGNAL = getattr(signal, "SIGUSR2", None)
"""Asks a child for the Python stacks of its threads; None where there are no such signals."""
_GARBAGE = 50_000
"""Objects between two collections: a capture makes many and leaves little, and its process ends soon."""
RESULT_FILE = "messages"
DUMP_FILE = "stacks"
DYNAMO_HEADER = "Dynamo (most recent call first):"
"""Stands in the dump file above the stack of what Dynamo is interpreting."""


class Child:
    """The parent's view of a running child: its pipes, its end, and ways to ask and to kill it."""

    def __init__(self, pid: int, messages: int, output: int, folder: str, token: bytes) -> None:
        self.pid = pid
        self.messages = messages
        self.output = output
        self.folder = folder
        self.token = token
        self._status: int | None = None

    def poll(self) -> int | None:
        """None while it runs; then its exit status, or minus the signal that ended it."""
        if self._status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._status = 0
            else:
                if pid:
                    self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def ask_for_stacks(self) -> bool:
        """Let it write the stacks of its threads to its dump file; whether there is a way to ask."""
        if DUMP_SIGNAL is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, DUMP_SIGNAL)
        return True

    def kill(self) -> None:
        """End it and all it started, and wait for it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)

    def read_file(self, name: str) -> bytes:
        """What it left in one of its files."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                return file.read()
        except OSError:
            return b""

    def forget(self) -> None:
        """Remove its files."""
        shutil.rmtree(self.folder, ignore_errors=True)


class SpawnedChild(Child):
    """A child that is a fresh interpreter."""

    def __init__(self, process: subprocess.Popen[bytes], folder: str, token: bytes) -> None:
        assert process.stdout is not None and process.stderr is not None
        self._process = process
        super().__init__(process.pid, os.dup(process.stdout.fileno()), os.dup(process.stderr.fileno()), folder, token)
        process.stdout.close()
        process.stderr.close()

    def start(self, request: dict[str, Any]) -> None:
        """Give it its request."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(encode(request | {"folder": self.folder, "token": self.token.decode()}))
            self._process.stdin.close()

    def poll(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)


def _new_folder() -> tuple[str, bytes]:
    return tempfile.mkdtemp(prefix="aotlens-"), os.urandom(12).hex().encode() + b" "


def fork(request: dict[str, Any], close: Callable[[], None]) -> Child:
    """A child that is a copy of this process. `close` closes, in the copy, what belongs to this process alone."""
    folder, token = _new_folder()
    messages, messages_write = os.pipe()
    output, output_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.close(messages)
            os.close(output)
            close()
            os.setsid()
            run(request, messages_write, output_write, folder, token)
        os._exit(70)
    os.close(messages_write)
    os.close(output_write)
    return Child(pid, messages, output, folder, token)


def spawn() -> SpawnedChild:
    """A child that imports torch afresh and then waits for its request."""
    folder, token = _new_folder()
    process = subprocess.Popen(
        bootstrap_command(sys.executable, "--child"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    return SpawnedChild(process, folder, token)


def spawned_main() -> None:
    """What a spawned child runs: import torch, wait for the request on the original stdin, carry it out."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the tracer ignores it, and that is inherited
    requests, messages = os.dup(0), os.dup(1)
    output = os.dup(2)
    replace_standard_streams(output)
    from ..steps import trace  # noqa: F401  torch, ahead of need

    with open(requests, "rb") as file:
        line = file.readline()
    if not line:
        os._exit(0)
    request = json.loads(line)
    run(request, messages, None, request.pop("folder"), request.pop("token").encode())


def run(request: dict[str, Any], messages: int, output: int | None, folder: str, token: bytes) -> None:
    """Carry out one request in this process, answer on `messages`, and end the process."""
    exit_process = os._exit
    gc.set_threshold(_GARBAGE, 10, 10)
    channel = Channel(messages, token, os.path.join(folder, RESULT_FILE))
    _die_with_parent()
    if output is not None:
        replace_standard_streams(output)
    dump = os.open(os.path.join(folder, DUMP_FILE), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    _report_faults(move_high(dump))
    _report_exits(channel)
    try:
        message = {"result": _answer(request, lambda event: _send(event, channel, exit_process))}
    except BaseException:  # nothing that user code raises comes as far as this
        message = {"event": "bug", "traceback": traceback.format_exc()}
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    channel.send(message)
    exit_process(0)


def _send(event: dict[str, Any], channel: Channel, exit_process: Callable[[int], None]) -> None:
    """Send an event; a copy of this process that user code forked, and that came back from there, ends here."""
    if not channel.is_ours:
        exit_process(0)
    channel.send(event)


def _answer(request: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> Any:
    from ..loading import overlay
    from ..steps.import_target import list_targets
    from ..steps.trace import trace

    params = request["params"]
    if params.get("working_directory"):
        os.chdir(params["working_directory"])
    overlay.install(params.get("overlay") or {})
    if request["method"] == "targets":
        return to_json(list_targets(from_json(TargetsParams, params), send))
    return trace(from_json(TraceParams, params), send)


def _report_faults(descriptor: int) -> None:
    """A crash, or the parent's signal, leaves the Python stacks in the dump file."""
    file = os.fdopen(descriptor, "wb", closefd=False)
    faulthandler.enable(file, all_threads=False)
    if DUMP_SIGNAL is not None:
        write = os.write
        signal.signal(DUMP_SIGNAL, lambda _, frame: write(descriptor, _dynamo_stack(frame).encode()) and None)
        faulthandler.register(DUMP_SIGNAL, file, all_threads=False, chain=True)
    _report_faults.keep = file  # type: ignore[attr-defined]  # faulthandler holds the number alone


def _dynamo_stack(frame: types.FrameType | None) -> str:
    """Where Dynamo is in the user's code: it runs that itself, without a Python frame of its own for it.

    In faulthandler's format, behind a header of its own; the header alone where Dynamo does not run.
    """
    lines = []
    while frame is not None:
        translator = frame.f_locals.get("self")
        if frame.f_code.co_name == "step" and frame.f_code.co_filename.endswith("symbolic_convert.py"):
            code = translator.f_code
            lines.append(f'  File "{code.co_filename}", line {translator.lineno} in {code.co_name}')
        frame = frame.f_back
    return "\n".join([DYNAMO_HEADER, *lines, ""])


def _report_exits(channel: Channel) -> None:
    """`os._exit` leaves no trace by itself: tell the parent who called it."""
    exit_process = os._exit

    def reporting_exit(status: int) -> None:
        with contextlib.suppress(BaseException):
            frame = sys._getframe(1)
            frames = []
            while frame is not None:
                frames.append([frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name])
                frame = frame.f_back
            channel.send({"event": "exit", "status": status, "frames": frames})
        exit_process(status)

    os._exit = reporting_exit  # type: ignore[assignment]


def _die_with_parent() -> None:
    """Where Linux lets one ask for it: end when the tracer ends, however that ends."""
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def adopt_orphans() -> None:
    """Where Linux lets one ask for it: become the parent of what a child leaves behind, to be able to end it."""
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def end_orphans(known: set[int]) -> None:
    """End the processes that children left behind, even those that left their session; `known` are to stay."""
    deadline = time.monotonic() + 1
    while (orphans := [pid for pid in children_of(os.getpid()) if pid not in known]) and time.monotonic() < deadline:
        for pid in orphans:  # the children of one that ends are the next round's orphans
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.001)


def _prctl(option: int, value: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(option, value)
