"""Inside a child: what is set up before user code runs, and the one request that is carried out."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

from ..failures import name_of_type, text_of
from ..failures.library import put_library_back, remember_library
from ..wire.fence import Fence
from ..wire.json_codec import from_json, to_json
from ..wire.protocol import TargetsParams, TraceParams
from .channel import Channel, move_high, replace_standard_streams
from .fence import is_offered, new_processes, put_on, tighten
from .fence.private_folders import make_private
from .orphans import TRACER, die_with_parent, name_process
from .scratch import Folder, hold
from .stacks import DUMP_FILE, forget_faults, report_faults

RECORD = "record"
"""The method of a request for the recorded values of the first example alone. The server does not send it."""
IS_RECORDED_APART = "is_recorded_apart"
"""The key of a request that says that another child has such a request for the same trace."""
RESULT_FILE = "messages"
"""The file of a child's folder that its messages go to once its pipe is gone."""
_GARBAGE = 50_000
"""Objects between two collections: a capture makes many and leaves little, and its process ends soon."""


def spawned_main() -> None:
    """Run as a spawned child: import torch, wait for the request on the original stdin, carry it out."""
    die_with_parent()
    name_process(TRACER)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the tracer ignores it, and that is inherited
    requests, messages, output = os.dup(0), os.dup(1), os.dup(2)
    _silence()
    _get_warm()
    request = _read_request(requests)
    try:
        folder = hold(request.pop("folder"))
    except OSError:
        os._exit(0)
    if folder.identity != request.pop("identity"):
        os._exit(0)
    token = request.pop("token").encode()
    run(request, messages, output, folder, token, None, may_fork=False)


def wait_and_run(requests: int, messages: int, output: int, folder: Folder, token: bytes, asking: int) -> None:
    """Get warm, wait for a request on `requests`, and carry it out as `run` does."""
    _silence()
    _get_warm()
    run(_read_request(requests), messages, output, folder, token, asking)


def _silence() -> None:
    """Drop what this process prints before it has a request."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.close(null)


def _get_warm() -> None:
    """Trace something small, and keep the collector away from what that leaves, which stays."""
    from ..steps.warm_up import warm_up

    gc.set_threshold(_GARBAGE, 10, 10)
    warm_up()
    remember_library()
    gc.freeze()


def _read_request(requests: int) -> Any:
    """Wait for the request. Without one, the tracer has ended, and so does this process."""
    with open(requests, "rb") as file:
        line = file.readline()
    if not line:
        os._exit(0)
    return json.loads(line)


def run(
    request: dict[str, Any],
    messages: int,
    output: int,
    folder: Folder,
    token: bytes,
    asking: int | None,
    may_fork: bool = True,
) -> None:
    """Carry out one request in this process, answer on `messages`, and end the process.

    `asking` is the socket over which the tracer gets what new processes are asked for through; None if there is none.
    If something else has come in the place of its folder, it ends at once, and the request is begun again.
    """
    exit_process = os._exit
    if not folder.is_there:
        exit_process(0)
    gc.set_threshold(_GARBAGE, 10, 10)
    channel = Channel(messages, token, folder, RESULT_FILE)
    replace_standard_streams(output)
    dump = folder.open_new(DUMP_FILE, os.O_WRONLY | os.O_APPEND)
    report_faults(move_high(dump))
    _report_exits(channel)
    remember_library()
    try:
        _fence_in(request["params"], folder, asking)
        message = {
            "result": _answer(
                request,
                lambda event: _send(event, channel, exit_process),
                (lambda: _adopt(channel, exit_process)) if may_fork and hasattr(os, "fork") else None,
            )
        }
    except BaseException as error:  # nothing that user code raises comes as far as this
        put_library_back()
        message = _bug(error)
    put_library_back()
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    channel.send(message)
    exit_process(0)


def _bug(error: BaseException) -> dict[str, Any]:
    """Return the event for an exception in our own code, with its frames as `_report_exits` gives them.

    A signal handler of the user's, or a function that they put in the place of Python's own, raises there too.
    """
    kind = name_of_type(type(error))
    try:
        text = "".join(traceback.format_exception(error))
    except BaseException:  # the lines of code cannot be read, or the exception cannot be shown
        text = kind
    walked = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    frames = [[code.co_filename, line, code.co_name] for code, line in reversed(walked)]
    return {"event": "bug", "traceback": text, "error": [kind, text_of(error)], "frames": frames}


def _send(event: dict[str, Any], channel: Channel, exit_process: Callable[[int], None]) -> None:
    """Send an event. A copy of this process that user code forked, and that came back from there, ends here."""
    if not channel.is_ours:
        exit_process(0)
    channel.send(event)


def _adopt(channel: Channel, exit_process: Callable[[int], None]) -> None:
    """Let this process, a copy that we made, send. What it prints, and how it ends, is nobody's concern."""
    channel.adopt()
    os._exit = exit_process  # type: ignore[assignment]  # the original
    forget_faults()
    die_with_parent()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def _fence_in(params: dict[str, Any], folder: Folder, asking: int | None) -> None:
    """Let the system deny what user code must not do: see `fence`. Messages may still travel in the child's file."""
    from ..examples import guards
    from ..failures import denied

    scratch = make_private(folder)
    messages = os.path.join(folder.path, RESULT_FILE)
    folder.close()
    fence = from_json(Fence, params.get("fence") or {})
    put_on(fence, [scratch], [messages])
    if asking is not None and fence.enabled:
        new_processes.ask_from_now_on(asking)
    elif asking is not None:
        os.close(asking)
    if fence.enabled and is_offered():
        from ..torch_private.shared_storages import pass_storages_by_value

        pass_storages_by_value()
    guards.scratch = scratch
    denied.note(fence, scratch)

    def before_found_code() -> None:
        tighten()
        denied.note_found_code()

    guards.before_found_code = before_found_code


def _answer(request: dict[str, Any], send: Callable[[dict[str, Any]], None], adopt: Callable[[], None] | None) -> Any:
    from ..loading import outermost, overlay
    from ..steps.import_target import list_targets
    from ..steps.trace import record_first, trace

    params = request["params"]
    if params.get("working_directory"):
        os.chdir(params["working_directory"])
    outermost.obey_nothing_above(params.get("outermost"))
    overlay.install(params.get("overlay") or {})
    if request["method"] == "targets":
        return to_json(list_targets(from_json(TargetsParams, params), send))
    if request["method"] == RECORD:
        return record_first(from_json(TraceParams, params), send)
    return trace(from_json(TraceParams, params), send, adopt, request.get(IS_RECORDED_APART, False))


def _report_exits(channel: Channel) -> None:
    """Make `os._exit` report its caller first: it ends the process without any exception or message."""
    exit_process = os._exit

    def reporting_exit(status: int) -> None:
        with contextlib.suppress(BaseException):
            frame: types.FrameType | None = sys._getframe(1)
            frames = []
            while frame is not None:
                frames.append([frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name])
                frame = frame.f_back
            channel.send({"event": "exit", "status": status, "frames": frames})
        exit_process(status)

    os._exit = reporting_exit  # type: ignore[assignment]  # it does return, to nobody
