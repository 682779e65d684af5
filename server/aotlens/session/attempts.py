"""The latest attempt to trace a target: what it knows without any graph, while it runs and if it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aotlens.model.snapshot import TargetState

from .maps import MapReader

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap

_FIELDS = ("target", "example", "modules", "ddp_parameters", "state", "values")
"""The fields of a map that need no graph."""


class Attempts:
    """Builds the map of a running trace without its graphs, outside the event loop, and shows it.

    An earlier attempt with values stays until the new one has values too, so that nothing disappears during a trace.
    `earlier` is that attempt, None if there was none.
    """

    def __init__(self, reader: MapReader, earlier: DescriptorMap | None, show: Callable[[DescriptorMap], None]) -> None:
        self._reader = reader
        self._has_values = earlier is not None and earlier.values is not None
        self._show = show
        self._latest: dict[str, Any] | None = None
        self._task: asyncio.Task[None] | None = None

    def add(self, fields: Mapping[str, Any]) -> None:
        """Show what these fields of a map, as JSON, say without a graph."""
        if self._has_values and fields.get("values") is None:
            return
        self._latest = {name: fields[name] for name in _FIELDS if name in fields}
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._build())

    async def _build(self) -> None:
        loop = asyncio.get_running_loop()
        while self._latest is not None:
            fields, self._latest = self._latest, None
            filled = {"status": "partial", "convention": "export", **fields}
            self._show(await loop.run_in_executor(None, self._reader.map_from, filled))

    async def end(self) -> None:
        """Show nothing any more."""
        self._latest = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def with_attempt(
    state: TargetState, attempt: DescriptorMap, versions: Mapping[str, int], stale: bool = False
) -> TargetState:
    """Return the state with the latest attempt.

    An attempt that ended before anything was built, as that of a file with a syntax error, leaves the one before it,
    which is stale then.
    """
    before = state.attempt
    if not attempt.modules and attempt.values is None and before is not None:
        return replace(state, attempt_stale=True)
    return replace(state, attempt=attempt, attempt_versions=MappingProxyType(dict(versions)), attempt_stale=stale)
