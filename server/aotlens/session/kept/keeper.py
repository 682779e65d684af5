"""Keeps the maps of finished traces on disk, and shows them when their files are opened in a later session."""

from __future__ import annotations

import asyncio
import functools
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from aotlens.model.snapshot import TargetState
from aotlens.text.documents import Documents
from aotlens_tracer.wire.protocol import TraceParams

from ..answers import with_map
from ..attempts import with_attempt
from ..background import Background, Delayed
from ..client import Client
from ..maps import MapReader
from ..states import States, is_under_way
from ..tracer.client import UnreadableAnswer
from ..tracer.interpreter import NoSuchInterpreter
from ..tracer.warm import WarmTracer
from ..workspace import Workspace
from .entries import Identity, entry_of, identity_of, is_good, is_lasting, valid_map
from .store import Store

WRITING_PAUSE = 3.0
"""Seconds after a trace before its map is written: a target that is traced after each key is not written each time."""

ParamsOf = Callable[[TargetState], TraceParams]
TracerFor = Callable[[str], Awaitable[WarmTracer]]


class KeptMaps:
    """The maps of earlier sessions. A map that is shown from there is stale until a trace has confirmed it.

    With `is_cache` it is not shown, but is the answer of a trace (`answer`).
    `params_of` returns the request for a target, as far as it does not depend on examples. `tracer_for` returns the
    tracer of a file, which need not run.
    """

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        documents: Documents,
        states: States,
        params_of: ParamsOf,
        tracer_for: TracerFor,
        is_cache: bool = False,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._documents = documents
        self._states = states
        self._params_of = params_of
        self._tracer_for = tracer_for
        self._is_cache = is_cache
        self._pending: dict[str, dict[str, Any]] = {}
        """The entries that are still to be written, by name."""
        self._background = Background(lambda message: client.log("error", f"keeping a map: {message}"))
        self._writing = Delayed(WRITING_PAUSE, lambda name: self._background.run(self._write(name)))
        self._store: Store | None = None

    async def restore(self, path: str) -> None:
        """Show the kept maps of the targets of a file that have none. Nothing of the workspace runs for that."""
        await self._workspace.configured.wait()
        if self._is_cache or not self._is_on or not self._workspace.trust.covers(path):
            return
        for state in self._states.of_files((path,)):
            if state.map is None and state.key.is_in_file:
                await self._restore(state)

    async def _restore(self, state: TargetState) -> None:
        try:
            tracer = await self._tracer_for(state.key.path)
        except (OSError, ValueError, NoSuchInterpreter):
            return  # the trace meets the same problem, and reports it
        identity = self._identity(self._params_of(state), tracer)
        opened = dict(self._documents.by_path)
        texts = {path: document.text for path, document in opened.items()}
        loop = asyncio.get_running_loop()
        fields = await loop.run_in_executor(None, self._read, identity.name, texts)
        if fields is None:
            return
        try:
            map = await loop.run_in_executor(None, MapReader().map_from, fields)
        except UnreadableAnswer:
            await loop.run_in_executor(None, self._open().remove, identity.name)
            return
        current = self._states.get(state.key)
        if current is None or current.map is not None or current.convention != state.convention:
            return
        versions = {path: opened[path].version for path in (state.key.path, *map.files) if path in opened}
        current = with_map(current, state.convention, map, versions, stale=True)
        if current.attempt is None:
            current = with_attempt(current, map, versions, stale=True)
        status = current.status if is_under_way(current) else current.settled
        self._states.update([replace(current, changed="session", status=status)])
        self._client.log("info", f"{state.key.qualname}: shown as the last session left it")

    async def answer(self, params: TraceParams, tracer: WarmTracer) -> dict[str, Any] | None:
        """Return the fields of the map that the trace of this request would give, if they are kept."""
        if not self._is_on or not self._workspace.trust.covers(params.path):
            return None
        identity = self._identity(params, tracer)
        texts = {path: document.text for path, document in self._documents.by_path.items()}
        return await asyncio.get_running_loop().run_in_executor(None, self._read, identity.name, texts)

    async def keep(self, params: TraceParams, tracer: WarmTracer, fields: dict[str, Any], started: int) -> None:
        """Write the map of a finished trace in a while; that of a failure only as the answer of another trace.
        `fields` is its JSON, `started` in nanoseconds since 1970.

        The texts of the open documents have to be those that were traced.
        """
        if not self._is_on or not self._workspace.trust.covers(params.path):
            return
        if not is_good(fields) and not (self._is_cache and is_lasting(fields)):
            return
        identity = self._identity(params, tracer)
        texts = {path: document.text for path, document in self._documents.by_path.items()}
        make = functools.partial(entry_of, identity, params, fields, texts, started)
        entry = await asyncio.get_running_loop().run_in_executor(None, make)
        if entry is not None:
            self._pending[identity.name] = entry
            self._writing.start(identity.name)

    async def flush(self) -> None:
        """Write what is still to be written: the server ends."""
        for name in list(self._pending):
            await self._write(name)

    async def _write(self, name: str) -> None:
        entry = self._pending.pop(name, None)
        if entry is None:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._open().write, name, entry)
        except OSError as error:
            self._client.log("warning", f"a map was not kept: {error}")

    def _read(self, name: str, texts: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the fields of a kept map, if it is still true; removes an entry that is damaged."""
        store = self._open()
        entry = store.read(name)
        if entry is None:
            return None
        try:
            return valid_map(entry, texts)
        except (KeyError, TypeError, AttributeError, ValueError, zlib.error):
            store.remove(name)
            return None

    def _open(self) -> Store:
        if self._store is None:
            from .folder import folder_of_maps

            self._store = Store(folder_of_maps())
        return self._store

    def _identity(self, params: TraceParams, tracer: WarmTracer) -> Identity:
        return identity_of(params, tracer.interpreter.path, self._environment, is_exact=self._is_cache)

    @property
    def _is_on(self) -> bool:
        return self._workspace.settings.keep_maps

    @property
    def _environment(self) -> Mapping[str, str]:
        return self._workspace.settings.trace_environment
