"""A request that is being carried out by a child: what the child has sent so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ..values.waiting import FIRST_SECONDS, MORE_SECONDS
from ..wire.descriptor_map import Problem
from ..wire.json_codec import from_json
from ..wire.protocol import FOLDED, SHAPES, WHOLE, Assembled, Unframer
from .child import Child
from .files import Files
from .inside import IS_RECORDED_APART

OUTPUT_LIMIT = 1 << 16
"""Bytes kept of what user code prints, at the beginning and again at the end."""


class Output:
    """The output of user code: all of it if it is short, else its beginning and its end."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """Add what was printed."""
        room = OUTPUT_LIMIT - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        surplus = len(self._tail) - OUTPUT_LIMIT
        if surplus > 0:
            self._dropped += surplus
            del self._tail[:surplus]

    def text(self) -> str:
        """Return it as text; bytes that are not UTF-8 are shown as escapes."""
        gap = f"\n[... {self._dropped} bytes left out ...]\n".encode() if self._dropped else b""
        return bytes(self._head + gap + self._tail).decode("utf-8", errors="backslashreplace")


class RunningRecorder:
    """The child that records the values of the first example, beside the one that traces unless it `is_alone`."""

    def __init__(self, child: Child, is_alone: bool = False) -> None:
        self.child = child
        self._is_alone = is_alone
        self._unframer = Unframer(child.token)
        self._has_sent = False
        self._awaited: float | None = None

    def receive(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages with recorded values; what else it sends is nobody's concern."""
        messages = [m for m in self._unframer.feed(data) if m.get("event") == "map" and m.get("stage") == SHAPES]
        self._has_sent = self._has_sent or bool(messages)
        return messages

    def is_worth_waiting_for(self) -> bool:
        """Whether the answer waits for it: until it has ended, but not for ever. Call this once the answer is there."""
        if self.child.poll() is not None:
            return False
        now = time.monotonic()
        self._awaited = self._awaited or now
        return now - self._awaited < (MORE_SECONDS if self._has_sent else FIRST_SECONDS)

    @property
    def may_have_been_disturbed(self) -> bool:
        """Whether it has ended without any values beside a child that had what the user's code wants for itself."""
        return not self._is_alone and not self._has_sent and self.child.poll() is not None


_OF_RESOURCES = {"OSError", *(kind.__name__ for kind in OSError.__subclasses__()), "DistNetworkError", "DistStoreError"}
"""Errors that mean that another process has what this one wants, such as a port or a lock."""


@dataclass
class Job:
    """A request, its child, and what the child reported.

    `real` is why the example had to be built with real tensors, None while fake ones work; `exit` the report of a call
    of `os._exit`; `bug` that of an exception in our code. `assembled` has the parts of the map that were sent ahead;
    `whole` is when they became an answer, by `time.monotonic`; None if they are none. `calls` are the calls on fake
    tensors whose results the child did not have; None before it has reported them. `recorder` is the child that records
    values for it, None if there is none.
    `files` counts what the child keeps in files. `is_second` says that it is carried out again, after another child.
    `strangers` are the processes of earlier requests that had not ended yet.
    """

    request: dict[str, Any]
    child: Child
    unframer: Unframer
    started: float = field(default_factory=time.monotonic)
    begun: bool = False
    stage: str = "import"
    real: Problem | None = None
    candidate: int = 0
    output: Output = field(default_factory=Output)
    result: dict[str, Any] | None = None
    exit: dict[str, Any] | None = None
    bug: dict[str, Any] | None = None
    assembled: Assembled = field(default_factory=Assembled)
    whole: float | None = None
    calls: list[Any] | None = None
    recorder: RunningRecorder | None = None
    files: Files = field(default_factory=Files)
    is_second: bool = False
    strangers: frozenset[int] = frozenset()
    ended: bool = False

    @property
    def children(self) -> list[Child]:
        """The processes that work for the request."""
        return [self.child, *([self.recorder.child] if self.recorder is not None else [])]

    @property
    def params(self) -> dict[str, Any]:
        """The request's parameters."""
        params: dict[str, Any] = self.request["params"]
        return params

    def receive(self, message: dict[str, Any]) -> bool:
        """Note one message of the child; return whether the server is to see it."""
        if not self.begun:
            self.begun, self.started = True, time.monotonic()
        event = message.get("event")
        if "result" in message:
            self.result = self.completed(message["result"])
        elif event == "stage":
            self.stage = message["stage"]
        elif event == "real":
            self.real = from_json(Problem, message["problem"])
        elif event == "candidate":
            self.candidate = message["index"]
        elif event == "exit":
            self.exit = message
        elif event == "calls":
            self.calls = message["calls"]
        elif event == "bug":
            self.bug = message
        elif event == "map" and message["stage"] == FOLDED:
            return self._in_stages
        elif event == "map":
            self.assembled.add(message["fields"])
            if message["stage"] != SHAPES:  # these are sent by another process, at any time
                self.whole = time.monotonic() if message["stage"] == WHOLE else None
            return self._in_stages
        return event == "stage"

    @property
    def may_have_been_disturbed(self) -> bool:
        """Whether the user's code failed because the child that recorded values ran it at the same time."""
        failure = (self.result or {}).get("failure")
        if not self.request.get(IS_RECORDED_APART) or failure is None:
            return False
        if not isinstance(failure, dict) or failure.get("stage") not in ("import", "example"):
            return False
        problem = failure.get("problem")
        return isinstance(problem, dict) and problem.get("type") in _OF_RESOURCES

    @property
    def lacks_values(self) -> bool:
        """Whether there is a map, but no values, as the child that traced it may have disturbed the recording one."""
        return self.whole is not None and self.recorder is not None and self.recorder.may_have_been_disturbed

    def completed(self, last: dict[str, Any]) -> dict[str, Any]:
        """Return the answer with the last part of the map: that part alone, if the server has been sent the others."""
        return last if self._in_stages else self.assembled.add(last)

    @property
    def _in_stages(self) -> bool:
        return bool(self.params.get("stages"))
