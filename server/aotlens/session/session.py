"""The language server's state: documents, targets and their maps, and what is being traced. Lives on the event loop."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from aotlens.model.snapshot import Change, Snapshot, Status, TargetKey, TargetState
from aotlens.session.examples.call_sites import search_folder
from aotlens.session.examples.candidates import Built, definition_lines, pinned
from aotlens.session.examples.known import KnownExamples
from aotlens.session.examples.project import BadProjectFile, pinned_in_project
from aotlens.session.tracer.client import TracerUnusable
from aotlens.session.tracer.interpreter import Interpreter, NoSuchInterpreter
from aotlens.session.tracer.pool import TracerPool
from aotlens.session.tracer.status import TracerStatus
from aotlens.session.tracer.warm import WarmTracer
from aotlens.syntax.definitions import Definition
from aotlens.syntax.source import UnreadableSource, read_source
from aotlens.text.documents import Document, Documents
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure
from aotlens_tracer.wire.json_codec import from_json
from aotlens_tracer.wire.protocol import Assembled, TraceParams

from .limits import default_memory
from .progress import Progress, Shown
from .queue import Queue
from .renames import renamed, successor
from .settings import Settings

TYPING_PAUSE = 0.4
"""Seconds without an edit after which the text is traced, where it is traced while typing."""
LEARN_PAUSE = 0.1
"""Seconds after an edit in which further edits are waited for, before the text's targets are looked at."""


class Client(Protocol):
    """What the session tells the edge."""

    def states_changed(self, keys: Iterable[TargetKey]) -> None:
        """The states of these targets are others now."""

    def text_changed(self) -> None:
        """The text of a document is another, and not for the first moment: what is found in texts may be too."""

    def status_changed(self, status: TracerStatus) -> None:
        """A tracer has another state."""

    def log(self, level: str, message: str) -> None:
        """Something for the log."""

    def progress(self, title: str, cancel: Callable[[], None]) -> Progress:
        """Begin to show progress that the user can cancel."""


class Session:
    """All state, and the only place that changes it."""

    def __init__(self, client: Client, documents: Documents, environment: Mapping[str, str]) -> None:
        self._client = client
        self.documents = documents
        self.settings = Settings()
        self.trusted = False
        self.folders: tuple[Path, ...] = ()
        self._states: Mapping[TargetKey, TargetState] = MappingProxyType({})
        self._contexts: Mapping[TargetKey, TargetKey] = MappingProxyType({})
        self._excluded: frozenset[str] = frozenset()
        self._read_only: frozenset[str] = frozenset()
        self._selected: Mapping[Path, Interpreter] = {}
        self._project_examples: dict[str, dict[str, list[str]]] = {}
        self._focus = ("", 0)
        self._lines: dict[str, dict[str, int]] = {}
        self._examples = KnownExamples()
        self._tracers = TracerPool(environment, client.status_changed, client.log)
        self._queue = Queue()
        self._configured = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._running: tuple[TargetKey, asyncio.Task[None]] | None = None
        self._pauses: dict[str, asyncio.TimerHandle] = {}
        self._learning: dict[str, asyncio.TimerHandle] = {}
        self._opened: dict[str, int] = {}
        self._unsaved: set[str] = set()
        self._cut: dict[TargetKey, TargetState] = {}
        self._no_interpreter: TracerStatus | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def snapshot(self) -> Snapshot:
        """The state of this moment, for the features."""
        documents = self.documents.by_path
        manual = self.settings.trace_run == "manual"
        contexts, excluded, read_only = self._contexts, self._excluded, self._read_only
        return Snapshot(documents, self._states, contexts, self.trusted, excluded, manual, read_only)

    # What the client tells.

    def begin(self) -> None:
        """The client's settings are known, or it turned out that it gives none: nothing is traced before."""
        self._configured.set()
        self._want_open()

    def opened(self, document: Document) -> None:
        """A document was opened: know its targets, and trace them unless the user traces by hand."""
        if self.settings.excludes(document.path):
            self._excluded |= {document.path}
        self._opened[document.path] = document.version
        self._learn_targets(document)
        # A map that was made from the file on disk has its places in the text as it was opened.
        known = [s for s in self._dependents(document.path) if s.map is not None and document.path not in s.versions]
        versions = {document.path: document.version}
        self._update([replace(s, versions=MappingProxyType({**s.versions, **versions})) for s in known])
        self._spawn(self._look_at_permissions(document.path))
        self._spawn(self._read_project(document.path))
        self._spawn(self._find_contained(document))
        self._want_open(document.path)

    def changed(self, document: Document) -> None:
        """A document was edited: its maps are stale, and in time it is traced again."""
        self._unsaved.add(document.path)
        self._learn_soon(document.path)
        dependents = self._dependents(document.path)
        self._outdate(dependents)
        if self.settings.trace_run != "onType":
            return
        running = self._running
        if running is not None and any(state.key == running[0] for state in dependents):
            running[1].cancel()  # what it would say is about a text that is gone
        if (pause := self._pauses.pop(document.path, None)) is not None:
            pause.cancel()
        loop = asyncio.get_running_loop()
        self._pauses[document.path] = loop.call_later(TYPING_PAUSE, self._typed, document.path)

    def _typed(self, path: str) -> None:
        del self._pauses[path]
        self._want([state.key for state in self._dependents(path) if self._is_wanted(state)])

    def saved(self, path: str) -> None:
        """A document was saved."""
        self._read_only -= {path}
        self._unsaved.discard(path)
        if (soon := self._learning.get(path)) is not None:  # what was just written may be what is to be traced
            soon.cancel()
            self._learn(path)
        if self.settings.trace_run == "onSave":
            self._want([state.key for state in self._dependents(path) if self._is_wanted(state)])

    def closed(self, path: str) -> None:
        """A document was closed: what is on disk counts again. Its maps stay, as other files refer to them."""
        self._excluded -= {path}
        self._read_only -= {path}
        self._opened.pop(path, None)
        self._cut = {key: state for key, state in self._cut.items() if key.path != path}
        unsaved = path in self._unsaved
        self._unsaved.discard(path)
        states = [state for state in self._states.values() if path in state.versions]
        closed = [replace(state, versions=_without(state.versions, path)) for state in states]
        self._update([state.outdated() if unsaved else state for state in closed])
        self._spawn(self._closed(path, [state.key for state in states] if unsaved else []))

    async def _closed(self, path: str, changed: Iterable[TargetKey]) -> None:
        await self._forget_if_gone(path)
        self._trace_again(state for key in changed if (state := self._states.get(key)) is not None)

    def files_changed(self, paths: Iterable[str]) -> None:
        """Files changed on disk, outside the editor (a checkout, a rename)."""
        for path in paths:
            if path.endswith("pyproject.toml"):
                for document in self.documents.by_path.values():
                    self._spawn(self._read_project(document.path))
                continue
            if path in self.documents.by_path:
                continue  # the editor's text counts
            states = self._dependents(path)
            if states:
                self._outdate(states)
                self._spawn(self._changed_on_disk(path, [state.key for state in states]))

    async def _changed_on_disk(self, path: str, keys: Iterable[TargetKey]) -> None:
        await self._forget_if_gone(path)
        self._trace_again(state for key in keys if (state := self._states.get(key)) is not None)

    def change_folders(self, folders: Iterable[Path]) -> None:
        """The workspace has these folders now: what is in another one than before may have another interpreter."""
        before = {key: self._folder_of(key.path) for key in self._states}
        had, self.folders = self.folders, tuple(folders)
        moved = [state for key, state in self._states.items() if self._folder_of(key.path) != before[key]]
        self._outdate(moved, "folders")
        self._trace_again(moved)
        for tracer in self._tracers.leave([folder for folder in had if folder not in self.folders]):
            self._spawn(tracer.close())

    def trust(self, trusted: bool) -> None:
        """The workspace was trusted, or is not any more: then all that runs is ended."""
        if trusted == self.trusted:
            return
        self.trusted = trusted
        if trusted:
            self._want_open()
        else:
            self._spawn(self.close_tracers())
        self._client.states_changed(list(self._states))

    def configure(self, settings: Settings) -> None:
        """Settings changed: those that shape a trace make every map stale."""
        before, self.settings = self.settings, settings
        self._excluded = frozenset(filter(settings.excludes, self.documents.by_path))
        self._no_interpreter = None
        process = ("interpreter", "trace_environment")
        request = (
            *("trace_mode", "trace_partitioner", "trace_memory_budget"),
            *("trace_working_directory", "trace_import_paths"),
        )
        if any(getattr(before, name) != getattr(settings, name) for name in (*process, *request)):
            self._outdate(self._states.values(), "settings")
            if self._configured.is_set():
                self._trace_anew(any(getattr(before, name) != getattr(settings, name) for name in process))
        elif (before.trace_run, before.trace_exclude) != (settings.trace_run, settings.trace_exclude):
            self._want_open(untraced=True)
        self._client.states_changed(list(self._states))

    def select(self, interpreters: Mapping[Path, Interpreter]) -> None:
        """The user has selected these interpreters in the editor, for these folders."""
        if self._selected == interpreters:
            return
        self._selected = dict(interpreters)
        self._no_interpreter = None
        if self._configured.is_set():
            self._update([replace(state, stale=True) for state in self._states.values() if state.map is not None])
            self._trace_anew(True)

    def _trace_anew(self, new_tracers: bool) -> None:
        """Trace what is wanted, and what is under way, with the settings of today."""
        wanted = []
        if self.settings.trace_run != "manual":
            wanted = [state.key for state in self._states.values() if self._is_wanted(state)]
        if self._running is not None:
            wanted.append(self._running[0])
            self._running[1].cancel()
        if new_tracers:
            self._spawn(self._replace_tracers(wanted))
        else:
            self._want(wanted)

    def focus(self, path: str, line: int) -> None:
        """Where the user is: what is there is traced first."""
        self._focus = (path, line)

    def trace_now(self, keys: Iterable[TargetKey]) -> None:
        """Trace these, because the user asks for it, whatever the settings say."""
        self._tracers.forgive()
        self._want(keys)

    def next_example(self, key: TargetKey) -> bool:
        """Trace a target with the next of the examples that its last trace could choose from; whether there is one."""
        there_is = self._examples.prefer_next(key)
        if there_is:
            self.trace_now([key])
        return there_is

    def choose_context(self, of: TargetKey, context: TargetKey) -> None:
        """Let the map of `context` answer for the class `of`."""
        self._contexts = MappingProxyType({**self._contexts, of: context})
        self._client.states_changed([of])

    def cancel(self, key: TargetKey) -> None:
        """Stop tracing a target, because the user says so."""
        self._drop(key, "cancelled")

    def _drop(self, key: TargetKey, status: Status | None = None) -> None:
        """Do not trace a target."""
        self._queue.drop(key)
        self._rest([key], status)
        if self._running is not None and self._running[0] == key:
            self._running[1].cancel()

    def _cancel_waiting(self) -> None:
        self._rest(self._queue.clear(), "cancelled")

    def _rest(self, keys: Iterable[TargetKey], status: Status | None = None) -> None:
        """Nothing is done about these any more: they are again what they were before, or what is said."""
        states = [state for key in keys if (state := self._states.get(key)) is not None]
        under_way = [state for state in states if state.status in ("waiting", "tracing")]
        self._update([replace(state, status=status or _settled(state), stage=None) for state in under_way])

    async def restart(self) -> None:
        """End all tracers and trace anew what is open."""
        open_paths = self.documents.by_path
        states = [state for state in self._states.values() if state.key.path in open_paths]
        await self._replace_tracers([s.key for s in states if s.map is not None or self._is_wanted(s)])

    async def _replace_tracers(self, keys: list[TargetKey]) -> None:
        await self.close_tracers()
        self._want(keys)

    async def close_tracers(self) -> None:
        """End all tracers and what they run."""
        self._rest(self._queue.clear())
        if self._warming is not None:
            self._warming.cancel()
        if self._running is not None:
            self._running[1].cancel()
        await self._tracers.close()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something beside; held, as the loop itself holds tasks weakly."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Targets.

    def _learn_soon(self, path: str) -> None:
        """Look for targets once in a while, not with every key that is pressed."""
        if path not in self._learning:
            self._learning[path] = asyncio.get_running_loop().call_later(LEARN_PAUSE, self._learn, path)

    def _learn(self, path: str) -> None:
        del self._learning[path]
        document = self.documents.by_path.get(path)
        if document is not None:
            self._learn_targets(document)
            self._client.text_changed()

    def _learn_targets(self, document: Document) -> None:
        """The targets that the syntax shows: classes with a forward, and whatever has an example."""
        known: dict[str, list[Definition]] = {}  # by their names, as `candidates` compares them
        for definition in document.definitions:
            known.setdefault(definition.qualname.replace(".<locals>", ""), []).append(definition)
        in_project = self._project_examples.get(document.path, {})
        self._lines[document.path] = {definition.qualname: definition.line for definition in document.definitions}
        names = dict.fromkeys(d.qualname for d in document.definitions if _is_target(d, known, in_project))
        changes = []
        path = Path(document.path)
        for name in names:
            key = TargetKey(document.path, name)
            examples = pinned(path, name, known[name], in_project)
            state = self._states.get(key)
            if state is None or state.examples != examples:
                changes.append(replace(state or self._cut.pop(key, None) or TargetState(key), examples=examples))
        gone = [s for key, s in self._states.items() if key.path == document.path and key.qualname not in names]
        self._update(changes)
        self._follow(gone, document, names)

    def _follow(self, gone: Iterable[TargetState], document: Document, names: Collection[str]) -> None:
        """These targets are not in the text any more: under another name they go on, else they are forgotten.

        While the text is broken, nobody knows. One that was cut out may be put back elsewhere.
        """
        for state in gone:
            key = TargetKey(document.path, successor(state, document, names) or state.key.qualname)
            known = self._states[key]
            if known is not state and known.map is None:
                moved = replace(renamed(state, key.qualname), examples=known.examples, status=_settled(state))
                self._update([moved])
                chosen = {moved.key if k == state.key else k: v for k, v in self._contexts.items()}
                self._contexts = MappingProxyType({k: moved.key if v == state.key else v for k, v in chosen.items()})
                if state.status in ("waiting", "tracing") or known.status in ("waiting", "tracing"):
                    self._want([moved.key])
            elif state.map is not None:
                if document.tree.root_node.has_error:
                    continue
                self._cut[state.key] = replace(state.outdated(), status=_settled(state), stage=None)
            self._forget([state.key])

    def _forget(self, keys: Sequence[TargetKey]) -> None:
        """These targets are no more."""
        if keys:
            for key in keys:
                self._drop(key)
                self._examples.forget(key)
            self._states = MappingProxyType({k: v for k, v in self._states.items() if k not in keys})
            self._client.states_changed(keys)
            self._trace_orphans(keys)

    def _trace_orphans(self, gone: Sequence[TargetKey]) -> None:
        """Trace anew what was recorded in the call of a target that is no more."""
        roots = {str(key) for key in gone}
        maps = ((state, state.map) for state in self._states.values() if state.map is not None)
        orphans = [state for state, map in maps if map.example is not None and map.example.recorded_in in roots]
        self._outdate(orphans)
        self._trace_again(orphans)

    async def _forget_if_gone(self, path: str) -> None:
        """Forget the targets of a file that is neither on disk nor open."""
        exists = await asyncio.get_running_loop().run_in_executor(None, os.path.exists, path)
        if not exists and path not in self.documents.by_path:
            self._forget([key for key in self._states if key.path == path])

    async def _look_at_permissions(self, path: str) -> None:
        """Whether a file may be written to: where not, no edits of it are offered."""
        if await asyncio.get_running_loop().run_in_executor(None, _is_read_only, path):
            self._read_only |= {path}
            self._client.states_changed([])

    async def _read_project(self, path: str) -> None:
        """The examples that the project pins: a file is read, so not on the event loop."""
        try:
            loop = asyncio.get_running_loop()
            pinned = await loop.run_in_executor(None, pinned_in_project, Path(path))
        except BadProjectFile as error:
            self._client.log("warning", str(error))
            return
        if pinned == self._project_examples.get(path, {}):
            return
        self._project_examples[path] = pinned
        document = self.documents.by_path.get(path)
        if document is not None:
            self._learn_targets(document)
            self._want_open(path)

    async def _find_contained(self, document: Document) -> None:
        """Which classes of a document build which others: the whole text is looked at, so not on the event loop."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._examples.read, document)

    def _dependents(self, path: str) -> list[TargetState]:
        """The states that a change of a file concerns: its own targets, and those whose trace imported it.

        Also those that could not be imported: what they would have imported nobody knows.
        """
        return [
            state
            for state in self._states.values()
            if state.key.path == path
            or (state.map is not None and path in state.map.files)
            or (state.failure is not None and state.failure.stage in ("import", "syntax"))
        ]

    def _is_wanted(self, state: TargetState) -> bool:
        return not self.settings.excludes(state.key.path)

    def _trace_again(self, states: Iterable[TargetState]) -> None:
        """Trace these anew, as something that they depend on has changed, unless the user traces by hand."""
        if self.settings.trace_run != "manual":
            self._want([state.key for state in states if self._is_wanted(state)])

    def _want_open(self, path: str | None = None, *, untraced: bool = False) -> None:
        """Trace the targets of an open document, or of all; with `untraced`, those that have no map."""
        if not self._configured.is_set() or self.settings.trace_run == "manual":
            return
        paths = self.documents.by_path if path is None else (path,)
        states = [state for state in self._states.values() if state.key.path in paths]
        self._want([s.key for s in states if self._is_wanted(s) and not (untraced and s.map is not None)])

    def _outdate(self, states: Iterable[TargetState], changed: Change = "code") -> None:
        """These states are of before a change, as far as they were not before."""
        self._update([state.outdated(changed) for state in states if state.map is not None and not state.stale])

    def _update(self, states: Iterable[TargetState]) -> None:
        changed = {state.key: state for state in states}
        if changed:
            self._states = MappingProxyType({**self._states, **changed})
            self._client.states_changed(changed)

    # Tracing.

    def _want(self, keys: Iterable[TargetKey]) -> None:
        """Trace these in time. Nothing is traced before the workspace is trusted, and nothing that is in no file."""
        if not self.trusted:
            return
        for key in filter(lambda key: key.is_in_file, keys):
            self._queue.add(key)
            state = self._states.get(key) or TargetState(key)
            if state.status != "tracing":
                self._update([replace(state, status="waiting")])
        if self._queue and (self._worker is None or self._worker.done()):
            self._worker = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        await self._configured.wait()
        while self._queue:
            self._warming = asyncio.ensure_future(self._warm_up())
            await asyncio.wait([self._warming])
            key = self._queue.next(self._rank)
            if key is None:
                return
            task = asyncio.ensure_future(self._trace(key))
            self._running = (key, task)
            await asyncio.wait([task])
            self._running = None
            if task.cancelled():
                if key not in self._queue:
                    self._rest([key])
            elif (error := task.exception()) is not None:
                self._client.log("error", f"tracing {key.qualname}: {type(error).__name__}: {error}")
                self._fail(key, Failure("capture", "error", f"aotlens itself failed: {error}", key.path))

    async def _warm_up(self) -> None:
        """Have a tracer before it is decided what is traced first: when it is ready, the user may be elsewhere."""
        key = self._queue.first(self._rank)
        if key is None:
            return
        try:
            tracer = await self._tracer_for(key.path)
        except (OSError, BadProjectFile, NoSuchInterpreter):
            return  # it happens again when the target is traced, and is told then
        title = f"Starting {tracer.interpreter.path} with torch"
        with Shown(functools.partial(self._client.progress, title, self._cancel_waiting)):
            try:
                await tracer.start()
            except TracerUnusable as error:
                self._queue.drop(key)
                self._fail(key, _failure_of(tracer, error, key))

    def _rank(self, key: TargetKey) -> tuple[bool, bool, int, int]:
        """What is traced first: where the user is; then what no class of its file builds, as its own classes' examples
        are recorded in its call; then what is near.
        """
        path, line = self._focus
        lines = self._lines.get(key.path, {})
        begins = lines.get(key.qualname, 0)
        elsewhere = key.path != path
        # The target that the user is in is the last one that begins at or above the line.
        here = max(
            (n for name, n in lines.items() if n <= line and TargetKey(key.path, name) in self._states), default=0
        )
        state = self._states.get(key)
        given = state is not None and bool(state.examples)
        depth = 0 if given else self._examples.depth(key)
        return elsewhere, elsewhere or begins != here, depth, abs(begins - line)

    async def _trace(self, key: TargetKey) -> None:
        loop = asyncio.get_running_loop()
        versions = {path: document.version for path, document in self.documents.by_path.items()}
        try:
            params = await loop.run_in_executor(None, self._params, key, dict(self.documents.by_path))
            tracer = await self._tracer_for(key.path)
        except NoSuchInterpreter as error:
            self._fail(key, self._without_interpreter(key, error))
            return
        except (OSError, BadProjectFile, UnreadableSource) as error:
            self._fail(key, Failure("target", "error", str(error), key.path))
            return
        state = self._states.get(key)
        if state is None:  # it has gone from the text
            return
        self._update([replace(state, status="tracing", stage="import")])
        assembled = Assembled()
        started = time.monotonic()
        begin = functools.partial(self._client.progress, f"Tracing {key.qualname}", functools.partial(self.cancel, key))
        with Shown(begin) as shown:

            def on_event(message: dict[str, Any]) -> None:
                current = self._states.get(key)
                if current is None:
                    return
                if message.get("event") == "stage":
                    shown.report(message["stage"])
                    self._update([replace(current, stage=message["stage"])])
                elif message.get("event") == "map":
                    partial = assembled.add(message["fields"])
                    if state.map is None:  # a first answer; later the last whole one stays until the next is whole
                        self._update([replace(current, map=_partial_map(partial), versions=versions)])

            try:
                message = await tracer.trace(params, on_event)
            except (asyncio.CancelledError, TracerUnusable) as error:
                current = self._states.get(key)
                if current is not None and current.map is not state.map:  # half a map
                    self._update([replace(current, map=state.map, versions=state.versions)])
                if isinstance(error, TracerUnusable):
                    self._fail(key, _failure_of(tracer, error, key))
                    return
                raise
        fields = assembled.add(message["result"])
        map = await loop.run_in_executor(None, from_json, DescriptorMap, fields)
        self._log_trace(map, message.get("output") or "", time.monotonic() - started)
        if key in self._states:
            built = self._examples.served(key, map, params.examples)
            self._finish(key, map, versions)
            self._trace_what_gains(key, built)
        await self._tracers.make_room(self.settings, tracer)

    def _fail(self, key: TargetKey, failure: Failure) -> None:
        state = self._states.get(key)
        if state is not None:
            self._update([replace(state, status="failed", failure=failure, stage=None)])

    def _without_interpreter(self, key: TargetKey, error: NoSuchInterpreter) -> Failure:
        """The failure of a target for which there is no interpreter, which the client is told as a tracer's state."""
        setting = Interpreter(self.settings.interpreter or "", "the setting aotlens.interpreter")
        interpreter = setting if setting.path else self._selected.get(self._folder_of(key.path), setting)
        status = TracerStatus("unusable", interpreter, message=str(error), problem="no-interpreter")
        if status != self._no_interpreter:
            self._no_interpreter = status
            self._client.status_changed(status)
        return Failure("target", "error", str(error), key.path, 1, hint=status.hint)

    def _finish(self, key: TargetKey, map: DescriptorMap, versions: Mapping[str, int]) -> None:
        state = self._states[key]
        documents = self.documents.by_path
        # What was opened in the meantime was read from disk, as it was when it was opened.
        relevant = {p: versions.get(p, self._opened[p]) for p in (key.path, *map.files) if p in self._opened}
        edited = [path for path, version in relevant.items() if documents[path].version != version]
        state = replace(state, offered=self._examples.offered(key), draft=None)
        if map.status == "traced":
            state = replace(state, status="traced", map=map, versions=MappingProxyType(relevant), failure=None)
            self._update([replace(state, stale=bool(edited), changed="code", stage=None)])
        else:
            kept = state.map if state.map is not None and state.map.status == "traced" else None
            state = replace(state, draft=map.example.expression if map.example is not None else None)
            self._update(
                [replace(state, status="failed", failure=map.failure, map=kept, stale=kept is not None, stage=None)]
            )
        if edited and self._is_due(edited):
            self._want([key])

    def _trace_what_gains(self, key: TargetKey, built: Built | None) -> None:
        """What a target contains is recorded in its call: what had to do with a worse example is traced again."""
        if built is None or self.settings.trace_run == "manual":
            return
        inside = [TargetKey(*item) for item in built.classes if item != (key.path, key.qualname)]
        states = [self._states[item] for item in inside if item in self._states and item.path in self.documents.by_path]
        self._want([state.key for state in states if self._is_wanted(state) and _would_gain(state, built)])

    def _is_due(self, edited: Iterable[str]) -> bool:
        """Whether a text that changed while it was traced is traced again; not where the user types still."""
        if self.settings.trace_run == "onSave":
            return self._unsaved.isdisjoint(edited)
        return self.settings.trace_run == "onType" and not any(path in self._pauses for path in edited)

    def _params(self, key: TargetKey, documents: Mapping[str, Document]) -> TraceParams:
        """What is sent to the tracer. Reads files: not for the event loop."""
        path = Path(key.path)
        document = documents.get(key.path) or Document("", key.path, 0, read_source(path))
        texts = {path: document.text for path, document in documents.items()}
        folder, settings = self._folder_of(key.path), self.settings
        searched = folder if any(path.is_relative_to(f) for f in self.folders) else search_folder(path)
        memory = settings.trace_memory
        return TraceParams(
            key.path,
            key.qualname,
            self._examples.of(key, document, searched, texts),
            settings.trace_mode,
            timeout=settings.trace_timeout,
            memory=int(memory * (1 << 30)) if memory is not None else default_memory(),
            working_directory=str(folder / os.path.expanduser(settings.trace_working_directory or "")),
            import_roots=tuple(str(folder / os.path.expanduser(root)) for root in settings.trace_import_paths),
            definition_lines=definition_lines(key.qualname, document.definitions),
            partitioner=settings.trace_partitioner,
            memory_budget=settings.trace_memory_budget,
            overlay={path: text for path, text in texts.items() if path.endswith((".py", ".pyi"))},
            stages=True,
        )

    def _folder_of(self, path: str) -> Path:
        """The innermost workspace folder that holds a file, else the file's own folder."""
        holding = [folder for folder in self.folders if Path(path).is_relative_to(folder)]
        return max(holding, key=lambda folder: len(folder.parts)) if holding else Path(path).parent

    async def _tracer_for(self, path: str) -> WarmTracer:
        """The warm tracer of the file's folder. Raises NoSuchInterpreter."""
        folder = self._folder_of(path)
        return await self._tracers.of(folder, self.settings, self._selected.get(folder), self.trusted)

    def _log_trace(self, map: DescriptorMap, output: str, total: float) -> None:
        seconds = map.seconds
        outcome = "traced" if map.failure is None else f"failed at {map.failure.stage}: {map.failure.message}"
        self._client.log(
            "info",
            f"{map.target.qualname} ({os.path.basename(map.target.path)}) {outcome}; import {seconds.import_:.2f} s, "
            f"example {seconds.example:.2f} s, capture {seconds.capture:.2f} s, describe {seconds.describe:.2f} s, "
            f"total {total:.2f} s",
        )
        for line in output.splitlines()[-200:]:
            self._client.log("info", f"  printed: {line}")


def _partial_map(fields: dict[str, Any]) -> DescriptorMap:
    """A map of which only the first stages are known."""
    filled = {"status": "partial", "convention": "export", **fields}
    map: DescriptorMap = from_json(DescriptorMap, filled)
    return map


def _would_gain(state: TargetState, built: Built) -> bool:
    """Whether what is recorded in the call of a target that was built is better than what a class was traced with."""
    if state.examples or state.status in ("waiting", "tracing"):
        return False
    if state.map is None or state.map.example is None:
        return state.failure is not None and state.failure.stage == "example"
    example = state.map.example
    if built.source.origin == "inferred":
        return example.origin == "inferred"
    return example.origin in ("inferred", "call-site") or example.recorded_origin == "inferred"


def _is_target(
    definition: Definition, known: Mapping[str, Sequence[Definition]], in_project: Mapping[str, list[str]]
) -> bool:
    if "<locals>" in definition.qualname:
        return False
    if definition.pins or definition.qualname in in_project:
        return True
    forward = f"{definition.qualname}.forward"
    return definition.kind == "class" and any(d.qualname == forward for d in known.get(forward, ()))


def _is_read_only(path: str) -> bool:
    """Whether nobody may write to a file, or not we; a superuser may to any, and is told what others are."""
    try:
        return os.stat(path).st_mode & 0o222 == 0 or not os.access(path, os.W_OK)
    except OSError:
        return False


def _without(versions: Mapping[str, int], path: str) -> Mapping[str, int]:
    return MappingProxyType({p: v for p, v in versions.items() if p != path})


def _failure_of(tracer: WarmTracer, error: TracerUnusable, key: TargetKey) -> Failure:
    """A target's failure where the tracer ended. It concerns the whole file: it is said once, at its beginning."""
    return Failure("target", "crash", str(error), key.path, 1, hint=tracer.status.hint)


def _settled(state: TargetState) -> Status:
    """What a target is when nothing is done about it."""
    if state.failure is not None:
        return "failed"
    return "traced" if state.map is not None else "untraced"
