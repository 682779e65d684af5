"""The next children, which are warm before there is a request for them, and what the tracer learns for them.

No user code runs in them before they have their request. What the tracer learns are calls of torch's operators on fake
tensors, which earlier children have described: it makes them itself, between requests (`torch_private/fake_calls.py`).
"""

from __future__ import annotations

import contextlib
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
"""Calls that are remembered, so that none is made twice, and calls that wait to be made."""
_LONGEST = 20_000
"""Characters of a description. A longer one is passed over."""


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
            if text not in self._known and len(text) <= _LONGEST and len(self._waiting) < MOST_LEARNED:
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
            with contextlib.suppress(Exception):  # user code can have written it
                self._calls.learn(json.loads(text))
        while len(self._known) > MOST_LEARNED:
            self._known.popitem(last=False)


class Standby:
    """The children that wait, `count` of them in time. `make` starts such a child."""

    def __init__(self, make: Callable[[], WaitingChild], count: int = 1) -> None:
        self._make = make
        self._count = count
        self._children: list[WaitingChild] = []
        self._is_refused = False
        self.learned = Learned()

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to do before the next request."""
        return (len(self._children) >= self._count or self._is_refused) and not self.learned

    @property
    def pids(self) -> set[int]:
        """The processes that wait."""
        return {child.pid for child in self._children}

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The tracer's ends of their pipes."""
        return tuple(descriptor for child in self._children for descriptor in child.descriptors)

    def work(self) -> None:
        """Do a little of what is to be done before the next request."""
        if self.learned:
            self.learned.make_some()
        elif len(self._children) < self._count and not self._is_refused:
            gc.collect()
            gc.freeze()  # the collector leaves what the tracer has learned alone, so that the children share it
            try:
                self._children.append(self._make())
            except OSError:  # no process or no memory is left: the next request finds out whether that is still so
                self._is_refused = True

    def take(self, request: dict[str, Any]) -> Child | None:
        """Give a request to a child that waits, and return it; None if there is none."""
        self._is_refused = False
        while self._children:
            child = self._children.pop(0)
            if child.poll() is None and child.folder.is_there:
                child.start(request)
                return child
            _drop(child)
        return None

    def end(self) -> None:
        """End the children that wait."""
        children, self._children = self._children, []
        for child in children:
            _drop(child)


def _drop(child: WaitingChild) -> None:
    """End a child that was not used."""
    child.kill()
    child.close()
    child.forget()
