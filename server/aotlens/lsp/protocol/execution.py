"""Runs handlers: each ends in exactly one outcome, and can be cancelled before that."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from pygls.exceptions import JsonRpcRequestCancelled
from pygls.feature_manager import is_thread_function

Handler = Callable[..., Any]
Answer = TypeVar("Answer")
Steps = Generator[Any, Any, Answer]
"""A builtin in pygls' form: it yields `(handler, args, kwargs)` for each handler to call in between."""


@dataclass(frozen=True)
class Outcome:
    """The result of a handler, or its error."""

    result: Any = None
    error: BaseException | None = None


class Execution:
    """The handlers that run now, each by a key: the id of its request, or any object."""

    def __init__(self, executor: Callable[[], Executor]) -> None:
        self._executor = executor
        self._running: dict[object, asyncio.Future[Any]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, key: object) -> bool:
        return key in self._running

    def run(self, key: object, handler: Handler, params: Any, finish: Callable[[Outcome], None]) -> None:
        """Call a handler and, now or later, `finish` with its outcome: exactly once."""
        try:
            steps = inspect.isgeneratorfunction(handler)
            result = self._advance(handler(params)) if steps else self._call(handler, (params,), {})
        except Exception as error:
            finish(Outcome(error=error))
            return
        if not inspect.isawaitable(result):
            finish(Outcome(result))
            return

        def done(task: asyncio.Future[Any]) -> None:
            del self._running[key]
            if task.cancelled():
                finish(Outcome(error=JsonRpcRequestCancelled()))
            elif (error := task.exception()) is not None:
                finish(Outcome(error=error))
            else:
                finish(Outcome(task.result()))

        task = asyncio.ensure_future(result)
        self._running[key] = task
        task.add_done_callback(done)

    def cancel(self, key: object) -> None:
        """Cancel a handler, if it still runs."""
        if (task := self._running.get(key)) is not None:
            task.cancel()

    def cancel_others(self, key: object) -> None:
        """Cancel all handlers but one."""
        for other, task in self._running.items():
            if other != key:
                task.cancel()

    async def cancel_all(self, seconds: float) -> None:
        """Cancel all handlers, and give them some seconds to end."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=seconds)
            await asyncio.sleep(0)  # their outcomes

    def _call(self, handler: Handler, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if is_thread_function(handler):  # type: ignore[no-untyped-call]  # pygls
            call = partial(handler, *args, **kwargs)
            return asyncio.get_running_loop().run_in_executor(self._executor(), call)
        return handler(*args, **kwargs)

    def _advance(self, steps: Steps[Any], value: Any = None) -> Any:
        """Run a builtin to its end. The result is awaitable as soon as that of a handler in between is."""
        while True:
            try:
                handler, args, kwargs = steps.send(value)
            except StopIteration as stop:
                return stop.value
            value = self._call(handler, args or (), kwargs or {})
            if inspect.isawaitable(value):
                return self._advance_later(steps, value)

    async def _advance_later(self, steps: Steps[Any], value: Awaitable[Any]) -> Any:
        result = self._advance(steps, await value)
        return await result if inspect.isawaitable(result) else result
