"""The server's own watch on a tracer: one that stands still, or is stopped, counts neither time nor memory itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aotlens_tracer.process.memory import exceeds
from aotlens_tracer.wire.protocol import BEAT_SECONDS

SILENT_BEATS = 30
"""The number of beats that may fail to come. A busy machine delays some."""
WORRYING_BEATS = 3
"""The number after which the memory is looked at."""
_MORE = 1.25
"""By how much more than the limit a silent tracer and its children may use: the tracer itself is to notice first."""


class Watch:
    """Counts the beats of a tracer that do not come while it has a request.

    `limit` returns the memory that the request may use, in bytes; None without a limit, and 0 without a request.
    """

    def __init__(self, pid: int, limit: Callable[[], int | None]) -> None:
        self._pid = pid
        self._limit = limit
        self._missed = 0

    def heard(self) -> None:
        """The tracer has said something."""
        self._missed = 0

    async def until_it_stands_still(self) -> str:
        """Wait until the tracer has to be ended, and return why: a clause about it.

        Beats are counted, and not the time, which goes on while this process or the machine is suspended.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            limit = self._limit()
            if limit == 0:
                self._missed = 0
                continue
            self._missed += 1
            if self._missed > SILENT_BEATS:
                return f"did not answer for {SILENT_BEATS * BEAT_SECONDS:g} s, and was ended"
            if limit is None or self._missed <= WORRYING_BEATS:
                continue
            if await loop.run_in_executor(None, exceeds, self._pid, int(limit * _MORE)):
                return "did not answer, used more memory than the limit, and was ended"
