"""The map of a target while its trace is still running."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .maps import MapReader
from .tracer.client import UnreadableAnswer

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.protocol import FOLDED, Assembled, Convention

PATIENCE = 0.3
"""Seconds that the whole map waits for what is still to be added to it: then most targets change on the screen once."""


class AssembledToShow:
    """Puts together the JSON of a map that is sent in parts, with a provisional part for as long as that is the best.

    A provisional part is never in the answer.
    """

    def __init__(self) -> None:
        self._assembled = Assembled()
        self._provisional: dict[str, Any] = {}

    def add(self, message: dict[str, Any]) -> dict[str, Any]:
        """Add the part that an event brings, and return the map's JSON so far, to be shown."""
        if message["stage"] == FOLDED:
            self._provisional = message["fields"]
            fields = self._assembled.add({})
        else:
            fields = self._assembled.add(message["fields"])
        if "graphs" in fields or message["stage"] == "built":  # the graph itself, or another example
            self._provisional = {}
        return {**fields, **self._provisional}

    def completed(self, last: dict[str, Any]) -> dict[str, Any]:
        """Return the answer, with its last part."""
        return self._assembled.add(last)


class PartialMaps:
    """Builds maps of the stages that are complete, outside the event loop, and shows the latest one.

    A context manager: after leaving it, nothing is shown any more.
    """

    def __init__(self, reader: MapReader, convention: Convention, show: Callable[[DescriptorMap], None]) -> None:
        self._reader = reader
        self._convention = convention
        self._show = show
        self._latest: dict[str, Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: asyncio.TimerHandle | None = None

    def add_whole(self, fields: dict[str, Any]) -> None:
        """Show the whole map with these fields, if what is added to it takes long."""
        self._waiting = asyncio.get_running_loop().call_later(PATIENCE, self.add, fields)

    def add(self, fields: dict[str, Any]) -> None:
        """Show the map with these fields, as JSON. Older fields that were not shown yet are skipped.

        Recorded values may arrive first, from a process of their own: they wait for what the trace itself has built.
        """
        if "target" not in fields:
            return
        self._latest = fields
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._build())

    async def _build(self) -> None:
        loop = asyncio.get_running_loop()
        while self._latest is not None:
            fields, self._latest = self._latest, None
            filled = {"status": "partial", "convention": self._convention, **fields}
            with contextlib.suppress(UnreadableAnswer):
                self._show(await loop.run_in_executor(None, self._reader.map_from, filled))

    async def __aenter__(self) -> PartialMaps:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled() and (error := self._task.exception()) is not None:
                raise error
