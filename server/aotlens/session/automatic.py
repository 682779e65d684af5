"""Decides when targets are traced without the user asking for it: `aotlens.trace.run` and `aotlens.trace.exclude`."""

from __future__ import annotations

from collections.abc import Iterable

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.text.documents import Documents

from .background import Delayed
from .examples.built import Built
from .open_files import OpenFiles
from .scheduler import Scheduler
from .staleness import Staleness
from .states import States, is_under_way
from .tracing import Outcome
from .workspace import Workspace

TYPING_PAUSE = 0.4
"""Seconds without an edit after which a text is traced, if texts are traced while the user types."""


class AutomaticTraces:
    """Adds targets to the queue when documents are opened, edited and saved, and when what they depend on changes."""

    def __init__(
        self,
        workspace: Workspace,
        documents: Documents,
        open_files: OpenFiles,
        states: States,
        scheduler: Scheduler,
        staleness: Staleness,
    ) -> None:
        self._staleness = staleness
        self._workspace = workspace
        self._documents = documents
        self._open_files = open_files
        self._states = states
        self._scheduler = scheduler
        self._typing = Delayed(TYPING_PAUSE, self._trace_dependents)

    def trace(self, states: Iterable[TargetState]) -> None:
        """Trace these targets, unless the user traces by hand or has excluded their files."""
        if not self._workspace.is_manual:
            self._scheduler.add([state.key for state in states if self._workspace.includes(state)])

    def trace_open(self, path: str | None = None, *, only_untraced: bool = False) -> None:
        """Trace the targets of an open document, or of all open documents; optionally only those without a map."""
        if self._workspace.configured.is_set():
            states = self._states.of_files(self._documents.by_path if path is None else (path,))
            self.trace([state for state in states if not (only_untraced and state.map is not None)])

    def edited(self, path: str) -> None:
        """A document was edited: trace it when typing pauses, if the settings say so."""
        if self._workspace.settings.trace_run == "onType":
            # The running trace is of a text that no longer exists.
            concerned = self._states.dependents(path, self._documents.by_path)
            self._scheduler.interrupt([state.key for state in concerned])
            self._typing.restart(path)

    def saved(self, path: str) -> None:
        """A document was saved: trace it, if the settings say so."""
        if self._workspace.settings.trace_run == "onSave":
            self._trace_dependents(path)

    def traced(self, key: TargetKey, outcome: Outcome) -> None:
        """A target was traced: trace it again if its text has changed, and others that it makes possible to trace."""
        if outcome.edited and self._is_due(outcome.edited):
            self._scheduler.add([key])
        if outcome.built is not None:
            self._trace_contained(key, outcome.built)

    def _trace_dependents(self, path: str) -> None:
        included = [state.key for state in self._staleness.confirm(path) if self._workspace.includes(state)]
        self._scheduler.add(included)

    def _is_due(self, edited: Iterable[str]) -> bool:
        """Return whether texts that changed while they were traced are traced again now, and not at a later event."""
        run = self._workspace.settings.trace_run
        if run == "onSave":
            return self._open_files.are_saved(edited)
        return run == "onType" and not any(path in self._typing for path in edited)

    def _trace_contained(self, key: TargetKey, built: Built) -> None:
        """Trace again the classes that a target contains, if a recording in its call is better than their example."""
        inside = [TargetKey(*item) for item in built.classes if item != (key.path, key.qualname)]
        states = [state for state in self._states.present(inside) if state.key.path in self._documents.by_path]
        self.trace([state for state in states if _would_gain(state, built)])


def _would_gain(state: TargetState, built: Built) -> bool:
    """Return whether a recording in the call of `built` is better than the example that a class was traced with."""
    if state.examples or is_under_way(state):
        return False
    if state.map is None or state.map.example is None:
        return state.failure is not None and state.failure.stage == "example"
    example = state.map.example
    if built.source.origin == "inferred":
        return example.origin == "inferred"
    return example.origin in ("inferred", "call-site") or example.recorded_origin == "inferred"
