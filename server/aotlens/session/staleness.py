"""Decides which maps an edit, a closed document, a changed file, and changed folders or settings make stale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.text.documents import Document, Documents

from .settings import Settings
from .states import States
from .workspace import Workspace

_OF_PROCESS = ("interpreter", "trace_environment")
"""The settings on which the tracer process depends."""
_OF_REQUEST = (
    "trace_mode",
    "trace_partitioner",
    "trace_memory_budget",
    "trace_working_directory",
    "trace_import_paths",
)
"""The settings on which the request of a trace depends."""


class Staleness:
    """Marks maps as stale, and returns the targets that have to be traced again."""

    def __init__(self, workspace: Workspace, documents: Documents, states: States) -> None:
        self._workspace = workspace
        self._documents = documents
        self._states = states

    def opened(self, document: Document) -> None:
        """A document was opened: maps that were made from the file on disk have its places in the text as opened."""
        path = document.path
        opened = {path: document.version}
        states = [state for state in self._states.dependents(path) if state.maps or state.attempt is not None]
        unknown = [s for s in states if any(path not in known for known in _all_versions(s))]
        self._states.update([with_versions(s, lambda versions: {**opened, **versions}) for s in unknown])

    def edited(self, path: str) -> None:
        """A document was edited: the maps that depend on it are stale."""
        self._states.outdate(self._states.dependents(path))

    def closed(self, path: str, was_unsaved: bool) -> list[TargetKey]:
        """A document was closed: the file on disk counts again. Its maps stay, because other files refer to them.

        They are stale if the document had unsaved changes.
        """
        states = [s for s in self._states.all() if any(path in known for known in _all_versions(s))]
        closed = [with_versions(s, lambda versions: {p: v for p, v in versions.items() if p != path}) for s in states]
        self._states.update([state.outdated() if was_unsaved else state for state in closed])
        return [state.key for state in states] if was_unsaved else []

    def changed_on_disk(self, path: str) -> list[TargetKey]:
        """A file changed on disk, outside the editor: the maps that depend on it are stale, unless it is open."""
        if path in self._documents.by_path:
            return []
        states = self._states.dependents(path)
        self._states.outdate(states)
        return [state.key for state in states]

    def folders_changed(self, folders: Iterable[Path]) -> list[TargetState]:
        """The workspace has other folders: a target that is in another folder now may have another interpreter."""
        workspace = self._workspace
        before = {key: workspace.folder_of(key.path) for key in self._states.by_key}
        workspace.folders = tuple(folders)
        moved = [state for state in self._states.all() if workspace.folder_of(state.key.path) != before[state.key]]
        self._states.outdate(moved, "folders")
        return moved

    def compiled_outdated(self) -> list[TargetKey]:
        """The graphs of torch.compile may be different. Returns the targets that show them."""
        states = self._states.all()
        self._states.outdate(states, "settings", "compile")
        return [state.key for state in states if state.convention == "compile"]

    def all_outdated(self) -> None:
        """Everything may be different with other settings or another interpreter."""
        self._states.outdate(self._states.all(), "settings")


def with_versions(state: TargetState, change: Callable[[Mapping[str, int]], Mapping[str, int]]) -> TargetState:
    """Return a state with other versions of the documents that its maps and its attempt were traced from."""

    def changed(map: object, versions: Mapping[str, int]) -> Mapping[str, int]:
        return MappingProxyType(dict(change(versions))) if map is not None else versions

    other = replace(state.other, versions=changed(state.other.map, state.other.versions))
    attempt_versions = changed(state.attempt, state.attempt_versions)
    return replace(state, versions=changed(state.map, state.versions), other=other, attempt_versions=attempt_versions)


def _all_versions(state: TargetState) -> tuple[Mapping[str, int], ...]:
    """Return the versions of the documents of each map, and of the latest attempt."""
    return state.versions, state.other.versions, state.attempt_versions


def needs_new_process(before: Settings, after: Settings) -> bool:
    """Return whether tracer processes must be replaced after a change of settings."""
    return _differ(before, after, _OF_PROCESS)


def needs_new_maps(before: Settings, after: Settings) -> bool:
    """Return whether maps are stale after a change of settings."""
    return _differ(before, after, (*_OF_PROCESS, *_OF_REQUEST))


def _differ(before: Settings, after: Settings, names: Iterable[str]) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in names)
