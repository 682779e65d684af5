"""A thread for what needs an event loop of its own: one runs in the thread of a kernel already."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class OwnThread:
    """A thread that makes calls, one after the other.

    It lasts as long as the process, also while that ends: Linux tells a child of the end of the thread that made it.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="aotlens", daemon=True).start()

    def call(self, function: Callable[[], _Result]) -> _Result:
        """Make a call there. Gives its result, or raises what it raises."""
        future: Future[_Result] = Future()
        self._calls.put((function, future))
        return future.result()

    def _run(self) -> None:
        while True:
            function, future = self._calls.get()
            try:
                future.set_result(function())
            except BaseException as error:  # for the thread that waits
                future.set_exception(error)
