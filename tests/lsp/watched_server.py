"""The server, with a request for the longest time that one callback has kept its event loop. Serves on stdio.

A time is told as a multiple of what a fixed piece of work takes in the same process at the same time, which makes it
the same on a fast and on a busy machine.
"""

from __future__ import annotations

import asyncio
import asyncio.events
import sys
import time
from typing import Any

from aotlens.lsp import lifecycle, methods
from aotlens.lsp.app import create_server
from aotlens.lsp.server import AotlensServer
from aotlens.lsp.serving import serve_stdio

longest = 0.0


def _work() -> float:
    """Return the seconds of processor time that 100,000 steps of plain Python take."""
    start = time.thread_time()
    found = {}
    for number in range(100_000):
        found[number % 100] = number
    return time.thread_time() - start


class _Timed:
    """A callback of the event loop, timed in seconds of processor time of its thread."""

    run = asyncio.events.Handle._run

    def __call__(self, handle: asyncio.Handle) -> None:
        global longest
        start = time.thread_time()
        _Timed.run(handle)
        longest = max(longest, time.thread_time() - start)


def register(server: AotlensServer) -> None:
    @server.feature("test/longest")
    async def take(params: Any) -> float:
        """The longest since the last time that it was asked for, in times of 100,000 steps."""
        global longest
        found, longest = longest, 0.0
        loop = asyncio.get_running_loop()
        return found / min([await loop.run_in_executor(None, _work) for _ in range(5)])


if __name__ == "__main__":
    timed = _Timed()
    asyncio.events.Handle._run = lambda self: timed(self)  # type: ignore[method-assign]  # to time each
    sys.exit(serve_stdio(create_server([lifecycle.register, methods.register, register])))
