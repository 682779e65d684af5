"""The tracers of a workspace: one for each interpreter and environment, as many as there is memory for."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from aotlens.model.trust import Trust
from aotlens.session.settings import Settings
from aotlens_tracer.process.memory import resident_bytes

from .environments import interpreter_of_folder
from .interpreter import Interpreter
from .status import TracerStatus
from .warm import WarmTracer

IDLE_TRACERS_GIB = 4.0
"""The memory that all tracers together may use while some are idle, if the settings do not say."""


class TracerPool:
    """Creates tracers on first use, and ends idle ones that use too much memory. Belongs to the event loop."""

    def __init__(
        self,
        environment: Mapping[str, str],
        status_changed: Callable[[TracerStatus], None],
        log: Callable[[str, str], None],
    ) -> None:
        self._environment = environment
        self._status_changed = status_changed
        self._log = log
        self._tracers: dict[tuple[str, ...], WarmTracer] = {}

    async def of(self, folder: Path, settings: Settings, selected: Interpreter | None, trust: Trust) -> WarmTracer:
        """Return the tracer of a folder. `selected` is the interpreter that the user selected for it.

        Raises NoSuchInterpreter.
        """
        find = functools.partial(
            interpreter_of_folder, folder, settings.interpreter, selected, self._environment, trust
        )
        interpreter = await asyncio.get_running_loop().run_in_executor(None, find)
        extra = tuple(f"{name}={value}" for name, value in sorted(settings.trace_environment.items()))
        identity = (interpreter.path, *extra)
        if identity not in self._tracers:
            await self.make_room(settings)
            environment = {**self._environment, **settings.trace_environment}
            tracer = WarmTracer(interpreter, environment, folder, self._status_changed, self._log)
            self._tracers.setdefault(identity, tracer)
        return self._tracers[identity]

    async def make_room(self, settings: Settings, kept: WarmTracer | None = None) -> None:
        """End idle tracers, the longest unused first, until the rest needs no more memory than it may use."""
        budget = (settings.tracer_memory or IDLE_TRACERS_GIB) * (1 << 30)
        loop = asyncio.get_running_loop()
        by_age = sorted(self._tracers.items(), key=lambda item: item[1].last_used)
        for identity, tracer in by_age:
            pids = [other.pid for other in self._tracers.values() if other.pid is not None]
            if await loop.run_in_executor(None, _memory_of, pids) <= budget:
                return
            if tracer is not kept and not tracer.is_busy:
                self._tracers.pop(identity, None)
                await tracer.close()

    def forgive(self) -> None:
        """Let tracers that crashed too often or could not trace be started again."""
        for tracer in self._tracers.values():
            tracer.forgive()

    def leave(self, folders: Collection[Path]) -> list[WarmTracer]:
        """Remove the idle tracers of these folders and return them, to be closed."""
        leaving = {key: t for key, t in self._tracers.items() if t.folder in folders and not t.is_busy}
        for identity in leaving:
            del self._tracers[identity]
        return list(leaving.values())

    async def close(self) -> None:
        """End all tracers and their traces."""
        tracers, self._tracers = list(self._tracers.values()), {}
        await asyncio.gather(*(tracer.close() for tracer in tracers))


def _memory_of(pids: Collection[int]) -> int:
    """Return the resident memory of processes and their descendants, in bytes. Reads /proc: not on the event loop."""
    return sum(resident_bytes(pid) or 0 for pid in pids)
