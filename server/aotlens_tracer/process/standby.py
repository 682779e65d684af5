"""The next child, which is warm before there is a request for it, and what the tracer learns for it between requests.

No user code runs in it before it has its request. What the tracer learns are calls of torch's operators on fake
tensors, which earlier children have described: it makes them itself (`torch_private/fake_calls.py`).
"""

from __future__ import annotations

import gc
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from .child import Child, WaitingChild

SLICE_SECONDS = 0.005
"""How long the tracer learns before it looks at its pipes again."""
MOST_LEARNED = 8_000
"""Calls that are remembered, so that none is made twice."""


class Learned:
    """The calls that children have described, and which of them are still to be made."""

    def __init__(self) -> None:
        self._calls: Any = None
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, calls: Iterable[Any]) -> None:
        """Note calls that are to be made, if they are not known."""
        for call in calls:
            text = json.dumps(call)
            if text not in self._known:
                self._waiting[text] = None

    def make_some(self) -> None:
        """Make the calls that come next, for a short time."""
        if self._calls is None:
            from ..torch_private import FakeCalls

            self._calls = FakeCalls()
        end = time.monotonic() + SLICE_SECONDS
        while self._waiting and time.monotonic() < end:
            text, _ = self._waiting.popitem(last=False)
            self._known[text] = None
            self._calls.learn(json.loads(text))
        while len(self._known) > MOST_LEARNED:
            self._known.popitem(last=False)


class Standby:
    """The child that waits, if there is one. `make` starts such a child."""

    def __init__(self, make: Callable[[], WaitingChild]) -> None:
        self._make = make
        self._child: WaitingChild | None = None
        self._is_refused = False
        self.learned = Learned()

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to do before the next request."""
        return (self._child is not None or self._is_refused) and not self.learned

    @property
    def pids(self) -> set[int]:
        """The process that waits, if there is one."""
        return {self._child.pid} if self._child is not None else set()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The tracer's ends of its pipes."""
        return self._child.descriptors if self._child is not None else ()

    def work(self) -> None:
        """Do a little of what is to be done before the next request."""
        if self.learned:
            self.learned.make_some()
        elif self._child is None and not self._is_refused:
            gc.collect()
            gc.freeze()  # the collector leaves what the tracer has learned alone, so that the children share it
            try:
                self._child = self._make()
            except OSError:  # no process or no memory is left: the next request finds out whether that is still so
                self._is_refused = True

    def take(self, request: dict[str, Any]) -> Child | None:
        """Give a request to the child that waits, and return it; None if there is none, or if it has ended."""
        child, self._child = self._child, None
        self._is_refused = False
        if child is None:
            return None
        if child.poll() is not None:
            child.kill()
            child.forget()
            return None
        child.start(request)
        return child

    def end(self) -> None:
        """End the child that waits, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.forget()
