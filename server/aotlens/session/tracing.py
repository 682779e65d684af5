"""One trace of a target: from its request over the tracer's events to the target's new state."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aotlens.explain.unread_files import why_unread
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.syntax.source import UnreadableSource
from aotlens.text.documents import Documents
from aotlens_tracer.wire.protocol import WHOLE, Convention, TraceParams

from .answers import ended, failed, under_way, with_map, without_partial
from .attempts import Attempts, with_attempt
from .client import Client
from .examples.built import Built
from .examples.known import ExampleMemory
from .maps import MapReader
from .open_files import OpenFiles
from .partial_maps import AssembledToShow, PartialMaps
from .progress import Shown
from .project_file import BadProjectFile
from .states import States
from .trace_request import TraceBasis, TraceRequest
from .traced_texts import TracedTexts
from .tracer.client import TracerUnusable, UnreadableAnswer
from .tracer.interpreter import BY_SETTING, Interpreter, NoSuchInterpreter
from .tracer.pool import TracerPool
from .tracer.status import TracerStatus
from .tracer.warm import WarmTracer
from .workspace import Workspace

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap

_LOGGED_LINES = 200
"""The number of lines, printed by user code, that are logged for each trace."""


KeptAnswer = Callable[[TraceParams, WarmTracer], Awaitable["dict[str, Any] | None"]]


@dataclass(frozen=True)
class Outcome:
    """The end of a trace: what it built, if anything, and which of its files were edited while it ran."""

    built: Built | None
    edited: tuple[str, ...]


class Tracing:
    """Traces targets, one call for each trace, and puts the answers into their states."""

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        documents: Documents,
        open_files: OpenFiles,
        states: States,
        examples: ExampleMemory,
        tracers: TracerPool,
        texts: TracedTexts,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._documents = documents
        self._open_files = open_files
        self._states = states
        self._examples = examples
        self._tracers = tracers
        self._texts = texts
        self._no_interpreter: TracerStatus | None = None
        self.on_finished: Callable[[TraceParams, WarmTracer, dict[str, Any], int], None] = lambda *_: None
        """Receives the map of each trace, good or failed, as JSON if its files have not changed; set by the session."""
        self.kept_answer: KeptAnswer | None = None
        """Returns the map that is kept for a request, if it is certainly what a trace would give. None in an editor,
        where a trace confirms what is kept."""

    async def prepare(self, key: TargetKey, convention: Convention, cancel: Callable[[], None]) -> bool:
        """Start the tracer of a target. Returns False if it cannot trace; the target has failed then.

        Progress is shown meanwhile; `cancel` is called if the user cancels it.
        """
        if self.kept_answer is not None:
            return True  # no tracer may be needed
        try:
            tracer = await self.tracer_for(key.path)
        except (OSError, BadProjectFile, NoSuchInterpreter):
            return True  # `trace` meets the same problem, and reports it
        title = f"Starting {tracer.interpreter.path} with torch"
        with Shown(functools.partial(self._client.progress, title, cancel)):
            try:
                await tracer.start()
            except TracerUnusable as error:
                self._fail_with_tracer(key, convention, tracer, error)
                return False
        return True

    async def trace(self, key: TargetKey, convention: Convention, cancel: Callable[[], None]) -> Outcome | None:
        """Trace a target. Returns None if there is no answer: the target has failed, or no longer exists.

        Cancelling this coroutine ends the trace. Progress is shown; `cancel` is called if the user cancels it.
        """
        versions = self._texts.note(self._documents.by_path)
        prepared = await self._prepared(key, convention)
        state = self._states.get(key)
        if prepared is None or state is None:
            return None
        request, tracer = prepared
        self._states.update([under_way(state, convention, "import")])
        started = time.monotonic()
        started_at = time.time_ns()
        reader = MapReader()
        kept = await self.kept_answer(request.params, tracer) if self.kept_answer is not None else None
        if kept is not None:
            message: dict[str, Any] | None = {"result": kept}
        else:
            with Shown(functools.partial(self._client.progress, f"Tracing {key.qualname}", cancel)) as shown:
                message = await self._answer(tracer, request, convention, state, versions, shown, reader)
        if message is None:
            return None
        map = await self._map(key, convention, reader, message["result"])
        if map is None:
            return None
        if kept is None:
            self._log_trace(map, convention, message.get("output") or "", time.monotonic() - started)
        else:
            self._client.log("info", f"{key.qualname} ({os.path.basename(key.path)}): as an earlier trace left it")
        outcome = None
        if self._states.get(key) is not None:
            built = self._examples.record(key, map, request.params.examples, request.interface)
            outcome = Outcome(built, self._finish(key, map, convention, versions))
            if kept is None and not outcome.edited:
                self.on_finished(request.params, tracer, message["result"], started_at)
        await self._tracers.make_room(self._workspace.settings, tracer)
        return outcome

    async def trace_other(self, key: TargetKey, convention: Convention) -> Outcome | None:
        """Trace a target in the convention that is not shown, unseen. Cancelling this coroutine ends the trace.

        Returns None, because nothing follows from it, except if the convention is shown by now.
        """
        versions = self._texts.note(self._documents.by_path)
        prepared = await self._prepared(key, convention)
        if prepared is None:
            return None
        request, tracer = prepared
        params = replace(request.params, stages=False)
        started = time.monotonic()
        try:
            message = await tracer.trace(params, lambda event: self._report_stage(key, convention, event))
        except TracerUnusable as error:
            self._fail_with_tracer(key, convention, tracer, error)
            return None
        map = await self._map(key, convention, MapReader(), message["result"])
        if map is None:
            return None
        self._log_trace(map, convention, message.get("output") or "", time.monotonic() - started)
        outcome = None
        state = self._states.get(key)
        if state is not None:
            edited = self._finish(key, map, convention, versions)
            outcome = Outcome(None, edited) if state.convention == convention else None
        await self._tracers.make_room(self._workspace.settings, tracer)
        return outcome

    async def _map(
        self, key: TargetKey, convention: Convention, reader: MapReader, result: dict[str, Any]
    ) -> DescriptorMap | None:
        """Return the map of an answer; None if it is none, and the target has failed."""
        try:
            return await asyncio.get_running_loop().run_in_executor(None, reader.map_from, result)
        except UnreadableAnswer:
            from aotlens.explain.own_failures import unreadable_answer

            current = self._states.get(key)
            if current is not None:
                failure = unreadable_answer(key.path)
                self._states.update([failed(without_partial(current, convention), convention, failure)])
            return None

    def fail(
        self,
        key: TargetKey,
        convention: Convention,
        stage: str,
        text: str,
        *,
        reason: str = "error",
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        """Record that a target could not be traced: `text` says what went wrong, `hint` what can be done about it."""
        from aotlens_tracer.wire.failures import stated

        failure = stated(stage, reason, text, key.path, line, hint)
        state = self._states.get(key)
        if state is not None:
            self._states.update([failed(state, convention, failure)])

    def forget_problems(self) -> None:
        """Report a missing interpreter again, because settings or selection have changed."""
        self._no_interpreter = None

    def basis(self, key: TargetKey, convention: Convention) -> TraceBasis:
        """Return what the request for a target is made from."""
        workspace, documents = self._workspace, self._documents.by_path
        folder = workspace.folder_of(key.path)
        examples = self._examples.known(key, workspace.trust)
        return TraceBasis(key, convention, documents, workspace.settings, folder, folder in workspace.folders, examples)

    async def _prepared(self, key: TargetKey, convention: Convention) -> tuple[TraceRequest, WarmTracer] | None:
        """Return the request for a target and its tracer; None if the target has failed before that."""
        basis = self.basis(key, convention)
        try:
            request = await asyncio.get_running_loop().run_in_executor(None, basis.request)
            tracer = await self.tracer_for(key.path)
        except NoSuchInterpreter as error:
            self._fail_without_interpreter(key, convention, error)
            return None
        except OSError as error:
            self.fail(key, convention, "target", f"{key.path} cannot be read: {why_unread(error)}")
            return None
        except (BadProjectFile, UnreadableSource) as error:
            self.fail(key, convention, "target", str(error))
            return None
        self._examples.set_contained(key.path, request.contained)
        return request, tracer

    async def _answer(
        self,
        tracer: WarmTracer,
        request: TraceRequest,
        convention: Convention,
        before: TargetState,
        versions: Mapping[str, int],
        shown: Shown,
        reader: MapReader,
    ) -> dict[str, Any] | None:
        """Return the tracer's answer with the whole map in it; None if the tracer ended, and the target has failed.

        The map of the completed stages is shown meanwhile, if the target had none before; the whole map in any case.
        """
        key = before.key
        shown_before = before.shown_in(convention).map
        assembled = AssembledToShow()

        def show(map: DescriptorMap) -> None:
            current = self._states.get(key)
            if current is None:
                return
            if map.status == "traced":
                self._states.update([self._with_whole(current, map, convention, versions)])
            else:
                self._states.update([with_map(current, convention, map, versions)])

        def show_attempt(attempt: DescriptorMap) -> None:
            current = self._states.get(key)
            if current is not None:
                self._states.update([self._with_attempt(current, attempt, versions)])

        def hide_partial() -> None:
            current = self._states.get(key)
            if current is not None:
                self._states.update([without_partial(current, convention)])

        def on_event(message: dict[str, Any]) -> None:
            if message.get("event") == "stage":
                shown.report(message["stage"])
                self._report_stage(key, convention, message)
            elif message.get("event") == "map":
                fields = assembled.add(message)
                attempts.add(fields)
                if message["stage"] == WHOLE:
                    partial.add_whole(fields)
                elif shown_before is None:  # an earlier map stays until the next one is whole
                    partial.add(fields)

        async with (
            PartialMaps(reader, convention, show) as partial,
            PartialMaps(reader, convention, show_attempt) as without_graphs,
        ):
            attempts = Attempts(without_graphs, before.attempt)
            try:
                message = await tracer.trace(request.params, on_event)
            except asyncio.CancelledError:
                hide_partial()
                raise
            except TracerUnusable as error:
                hide_partial()
                self._fail_with_tracer(key, convention, tracer, error)
                return None
        return {**message, "result": assembled.completed(message["result"])}

    def _report_stage(self, key: TargetKey, convention: Convention, message: Mapping[str, Any]) -> None:
        current = self._states.get(key)
        if message.get("event") == "stage" and current is not None:
            self._states.update([under_way(current, convention, message["stage"])])

    def _finish(
        self, key: TargetKey, map: DescriptorMap, convention: Convention, versions: Mapping[str, int]
    ) -> tuple[str, ...]:
        """Put a map into the state of its target. Returns the files that were edited while it was traced."""
        state = self._states.by_key[key]
        edited = self._edited(self._relevant(key, map, versions))
        if state.convention == convention:
            state = replace(state, offered=self._examples.offered(key))
        if map.status == "traced":
            state = ended(self._with_whole(state, map, convention, versions), convention)
        else:
            state = failed(without_partial(state, convention), convention, map.failure, True, versions)
            if state.convention == convention:
                state = replace(state, draft=map.example.expression if map.example is not None else None)
        self._states.update([self._with_attempt(state, map, versions)])
        return edited

    def _with_whole(
        self, state: TargetState, map: DescriptorMap, convention: Convention, versions: Mapping[str, int]
    ) -> TargetState:
        """Return the state with a map that is the answer."""
        relevant = self._relevant(state.key, map, versions)
        return with_map(state, convention, map, relevant, stale=bool(self._edited(relevant)))

    def _with_attempt(self, state: TargetState, attempt: DescriptorMap, versions: Mapping[str, int]) -> TargetState:
        """Return the state with what the latest trace knows without any graph."""
        recorded = attempt.values.files if attempt.values is not None else ()
        relevant = self._relevant(state.key, attempt, versions)
        known = versions.keys() & self._open_files.opened.keys()  # a file may have been closed since the trace began
        relevant |= {file.path: versions[file.path] for file in recorded if file.path in known}
        return with_attempt(state, attempt, relevant, stale=bool(self._edited(relevant)))

    def _relevant(self, key: TargetKey, map: DescriptorMap, versions: Mapping[str, int]) -> dict[str, int]:
        """Return the versions of the open files that a map was traced from."""
        read = self._open_files.versions_read(versions)
        return {path: read[path] for path in (key.path, *map.files) if path in self._open_files.opened}

    def _edited(self, relevant: Mapping[str, int]) -> tuple[str, ...]:
        """Return the files that have changed since these versions."""
        documents = self._documents.by_path
        return tuple(path for path, version in relevant.items() if documents[path].version != version)

    def _fail_without_interpreter(self, key: TargetKey, convention: Convention, error: NoSuchInterpreter) -> None:
        """Record that a target has no interpreter, and report it to the client once."""
        setting = Interpreter(self._workspace.settings.interpreter or "", BY_SETTING)
        selected = self._workspace.selected.get(self._workspace.folder_of(key.path), setting)
        interpreter = setting if setting.path else selected
        status = TracerStatus("unusable", interpreter, message=str(error), problem="no-interpreter")
        if status != self._no_interpreter:
            self._no_interpreter = status
            self._client.status_changed(status)
        self.fail(key, convention, "target", str(error), line=1, hint=status.hint)

    def _fail_with_tracer(
        self, key: TargetKey, convention: Convention, tracer: WarmTracer, error: TracerUnusable
    ) -> None:
        """Record that the tracer of a target ended. The place is the first line of the file: all of it is affected."""
        self.fail(key, convention, "target", str(error), reason="crash", line=1, hint=tracer.status.hint)

    async def tracer_for(self, path: str) -> WarmTracer:
        """Return the tracer of a file's folder. Raises NoSuchInterpreter."""
        workspace = self._workspace
        folder = workspace.folder_of(path)
        selected = workspace.selected.get(folder)
        return await self._tracers.of(folder, workspace.settings, selected, workspace.trust)

    def _log_trace(self, map: DescriptorMap, convention: Convention, output: str, total: float) -> None:
        seconds = map.seconds
        from aotlens.explain.failures import brief_message

        outcome = "traced" if map.failure is None else f"failed at {map.failure.stage}: {brief_message(map.failure)}"
        self._client.log(
            "info",
            f"{map.target.qualname} ({os.path.basename(map.target.path)}) {outcome}; {convention} convention, "
            f"import {seconds.import_:.2f} s, example {seconds.example:.2f} s, capture {seconds.capture:.2f} s, "
            f"describe {seconds.describe:.2f} s, eager {seconds.eager:.2f} s, total {total:.2f} s",
        )
        for line in output.splitlines()[-_LOGGED_LINES:]:
            self._client.log("info", f"  printed: {line}")
