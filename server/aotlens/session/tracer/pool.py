"""The warm tracers of a workspace: one for each interpreter and environment, as many as there is memory for."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from aotlens.session.settings import Settings
from aotlens_tracer.process.memory import resident_bytes

from .environments import interpreter_of_folder
from .interpreter import Interpreter
from .status import TracerStatus
from .warm import WarmTracer

IDLE_TRACERS_GIB = 4.0


class TracerPool:
    """Tracers that are started when they are asked for, and ended when they are idle and take too much memory."""

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

    async def of(self, folder: Path, settings: Settings, selected: Interpreter | None, trusted: bool) -> WarmTracer:
        """The tracer of a workspace folder, for which the user may have selected an interpreter.

        Raises NoSuchInterpreter.
        """
        find = functools.partial(
            interpreter_of_folder, folder, settings.interpreter, selected, self._environment, trusted
        )
        interpreter = await asyncio.get_running_loop().run_in_executor(None, find)
        extra = tuple(f"{name}={value}" for name, value in sorted(settings.trace_environment.items()))
        identity = (interpreter.path, *extra)
        if identity not in self._tracers:
            await self.make_room(settings)
            environment = {**self._environment, **settings.trace_environment}
            self._tracers[identity] = WarmTracer(interpreter, environment, folder, self._status_changed, self._log)
        return self._tracers[identity]

    async def make_room(self, settings: Settings, kept: WarmTracer | None = None) -> None:
        """End idle tracers, the longest unused first, while all of them take more memory than they may."""
        budget = (settings.tracer_memory or IDLE_TRACERS_GIB) * (1 << 30)
        by_age = sorted(self._tracers.items(), key=lambda item: item[1].last_used)
        for identity, tracer in by_age:
            used = sum(resident_bytes(t.pid) or 0 for t in self._tracers.values() if t.pid is not None)
            if used <= budget:
                return
            if tracer is not kept and not tracer.is_busy:
                self._tracers.pop(identity, None)
                await tracer.close()

    def forgive(self) -> None:
        """Let those that were given up be started again."""
        for tracer in self._tracers.values():
            tracer.forgive()

    def leave(self, folders: Collection[Path]) -> list[WarmTracer]:
        """Give away the idle tracers of these folders, to be closed."""
        leaving = {key: t for key, t in self._tracers.items() if t.folder in folders and not t.is_busy}
        for identity in leaving:
            del self._tracers[identity]
        return list(leaving.values())

    async def close(self) -> None:
        """End all tracers and what they run."""
        tracers, self._tracers = list(self._tracers.values()), {}
        await asyncio.gather(*(tracer.close() for tracer in tracers))
