"""Traces the models of the workspace that an open log is about, when there is nothing else to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aotlens.model.snapshot import TargetKey
from aotlens.syntax.definitions import Definition
from aotlens.syntax.source import UnreadableSource
from aotlens.text.documents import Document, Documents
from aotlens_tracer.wire.protocol import Convention

from .background import Background
from .files import Stamp, read_python, stamp
from .scheduler import Scheduler
from .states import States, is_under_way
from .workspace import Workspace

MOST_TARGETS = 4
"""The classes that are traced for one log. A log names lines of many classes, and the first are those that call."""
MOST_CLOSED = 64
"""Files that are not open whose definitions are kept."""


class LogModels:
    """The classes in whose lines a log's graphs were made, as targets."""

    def __init__(
        self, workspace: Workspace, documents: Documents, states: States, scheduler: Scheduler, background: Background
    ) -> None:
        self._background = background
        self._workspace = workspace
        self._documents = documents
        self._states = states
        self._scheduler = scheduler
        self._under_way: set[tuple[tuple[str, int], ...]] = set()
        self._closed: dict[str, tuple[Stamp, Sequence[Definition]]] = {}

    def trace_soon(self, lines: Sequence[tuple[str, int]], convention: Convention) -> None:
        """Do the same as `trace`, without waiting for it."""
        self._background.run(self.trace(lines, convention))

    async def trace(self, lines: Sequence[tuple[str, int]], convention: Convention) -> None:
        """Trace the classes around these lines of files in this convention, the first ones, each once.

        Not if targets are traced only when the user asks for it, nor if their files are excluded or not trusted. Waits
        until the settings are known. A call for the same lines as one that is under way does nothing.
        """
        key = tuple(lines)
        if not key or key in self._under_way:
            return
        self._under_way.add(key)
        try:
            await self._workspace.configured.wait()
            if self._workspace.trust.is_given and not self._workspace.is_manual:
                await self._trace_around(key, convention)
        finally:
            self._under_way.remove(key)

    async def _trace_around(self, lines: Sequence[tuple[str, int]], convention: Convention) -> None:
        wanted: dict[TargetKey, None] = {}
        by_path: dict[str, list[int]] = {}
        trust = self._workspace.trust
        for path, line in lines:
            if not self._workspace.settings.excludes(path) and self._workspace.holds(path) and trust.covers(path):
                by_path.setdefault(path, []).append(line)
        for path, of_file in by_path.items():
            definitions = await self._definitions(path)
            for line in dict.fromkeys(of_file):
                if (name := _class_around(definitions, line)) is not None:
                    wanted[TargetKey(path, name)] = None
        for key in list(wanted)[:MOST_TARGETS]:
            self._trace(key, convention)

    def _trace(self, key: TargetKey, convention: Convention) -> None:
        state = self._states.get(key)
        if state is None:
            state = self._states.new(key)
            self._states.update([state])
        known = state.shown_in(convention)
        if (known.map is not None and not known.stale) or known.failure is not None:
            return
        if state.convention != convention:
            if not state.other.is_under_way:
                self._scheduler.add_other([key])
        elif not is_under_way(state):
            self._scheduler.add([key])

    async def _definitions(self, path: str) -> Sequence[Definition]:
        document = self._documents.by_path.get(path)
        if document is not None:
            return document.definitions
        return await asyncio.get_running_loop().run_in_executor(None, self._read, path)

    def _read(self, path: str) -> Sequence[Definition]:
        """The definitions of a file that is not open, read again only after a change. Empty if it cannot be read."""
        try:
            now, known = stamp(path), self._closed.get(path)
            if known is not None and known[0] == now:
                return known[1]
            found = Document("", path, 0, read_python(path)).definitions
        except (OSError, UnreadableSource):
            return ()
        if len(self._closed) >= MOST_CLOSED:
            self._closed.clear()
        self._closed[path] = now, found
        return found


def _class_around(definitions: Sequence[Definition], line: int) -> str | None:
    """The innermost class with a `forward` around a line; None if there is none."""
    names = {definition.qualname for definition in definitions}
    found = [
        definition
        for definition in definitions
        if definition.kind == "class"
        and definition.start_line <= line <= definition.end_line
        and f"{definition.qualname}.forward" in names
        and "<locals>" not in definition.qualname
    ]
    return max(found, key=lambda one: one.start_line).qualname if found else None
