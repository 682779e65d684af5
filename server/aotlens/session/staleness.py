"""Decides which maps an edit, a closed document, a changed file, and changed folders or settings make stale."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from aotlens.model.snapshot import Change, TargetKey, TargetState
from aotlens.text.documents import Document, Documents

from .settings import Settings
from .states import States, is_under_way
from .traced_texts import TracedTexts
from .workspace import Workspace

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap

_OF_PROCESS = ("interpreter", "trace_environment")
"""The settings on which the tracer process depends."""
_OF_REQUEST = (
    "trace_mode",
    "trace_partitioner",
    "trace_memory_budget",
    "trace_world",
    "trace_working_directory",
    "trace_import_paths",
    "fence",
)
"""The settings on which the request of a trace depends."""


class Staleness:
    """Marks maps as stale, and returns the targets that have to be traced again."""

    def __init__(self, workspace: Workspace, documents: Documents, states: States, texts: TracedTexts) -> None:
        self._workspace = workspace
        self._documents = documents
        self._states = states
        self._texts = texts
        self._outdated_for_good: dict[TargetKey, weakref.ref[DescriptorMap]] = {}
        """The maps that are stale for another reason than an edit of an open document. They may go for all this."""

    def opened(self, document: Document) -> None:
        """A document was opened: maps that were made from the file on disk have its places in the text as opened."""
        path = document.path
        opened = {path: document.version}
        states = [
            state
            for state in self._states.dependents(path, self._documents.by_path)
            if state.maps or state.attempt is not None
        ]
        unknown = [s for s in states if any(path not in known for known in _all_versions(s))]
        self._states.update([with_versions(s, lambda versions: {**opened, **versions}) for s in unknown])

    def edited(self, path: str) -> None:
        """A document was edited: the maps that depend on it are stale."""
        self._states.outdate(self._states.dependents(path, self._documents.by_path))

    def confirm(self, path: str) -> list[TargetState]:
        """A document was saved, or typing pauses. Returns the targets that it concerns and that have to be traced.

        The maps of the others are good: the texts that they were traced from differ from those of now in nothing that
        matters, and not in where things are.
        """
        to_trace, good = [], []
        for state in self._states.dependents(path, self._documents.by_path):
            confirmed = self._confirmed(state)
            if confirmed is None:
                to_trace.append(state)
            else:
                good.append(confirmed)
        self._states.update(good)
        return to_trace

    def _confirmed(self, state: TargetState) -> TargetState | None:
        """Return the state of a target whose map is good; None if it has to be traced."""
        map = state.map
        if map is None or map.status != "traced" or state.failure is not None or state.status == "cancelled":
            return None
        outdated = self._outdated_for_good.get(state.key)
        if is_under_way(state) or (outdated is not None and outdated() is map) or state.changed != "code":
            return None
        versions = self._versions_now(state.versions)
        if versions is None:
            return None
        confirmed = replace(state, versions=versions, stale=False)
        attempted = self._versions_now(state.attempt_versions)
        if state.attempt is not None and attempted is not None:
            confirmed = replace(confirmed, attempt_versions=attempted, attempt_stale=False)
        other = self._versions_now(state.other.versions)
        if state.other.map is not None and state.other.failure is None and other is not None:
            confirmed = replace(confirmed, other=replace(state.other, versions=other, stale=False))
        return confirmed

    def _versions_now(self, versions: Mapping[str, int]) -> Mapping[str, int] | None:
        """Return the versions of today of the documents that a map was traced from; None if one differs."""
        documents = self._documents.by_path
        for path, version in versions.items():
            if path not in documents or not self._texts.are_alike(path, version, documents[path]):
                return None
        return MappingProxyType(self._texts.note({path: documents[path] for path in versions}))

    def _outdate(self, states: Iterable[TargetState], changed: Change = "code", *, compiled: bool = False) -> None:
        """Mark maps as stale for another reason than an edit, so that no edit makes them good again."""
        found = list(states)
        self._states.outdate(found, changed, "compile" if compiled else None)
        self._outdated_for_good = {key: map for key, map in self._outdated_for_good.items() if map() is not None}
        self._outdated_for_good.update((state.key, weakref.ref(state.map)) for state in found if state.map is not None)

    def closed(self, path: str, was_unsaved: bool) -> list[TargetKey]:
        """A document was closed: the file on disk counts again. Its maps stay, because other files refer to them.

        They are stale if the document had unsaved changes.
        """
        states = [s for s in self._states.all() if any(path in known for known in _all_versions(s))]
        closed = [with_versions(s, lambda versions: {p: v for p, v in versions.items() if p != path}) for s in states]
        self._states.update(closed)
        if was_unsaved:
            self._outdate(closed)
        self._texts.forget(path)
        return [state.key for state in states] if was_unsaved else []

    def changed_on_disk(self, path: str) -> list[TargetKey]:
        """A file changed on disk, outside the editor: the maps that depend on it are stale, unless it is open."""
        if path in self._documents.by_path:
            return []
        states = self._states.dependents(path, self._documents.by_path)
        self._outdate(states)
        return [state.key for state in states]

    def folders_changed(self, folders: Iterable[Path]) -> list[TargetState]:
        """The workspace has other folders: a target that is in another folder now may have another interpreter."""
        workspace = self._workspace
        before = {key: workspace.folder_of(key.path) for key in self._states.by_key}
        workspace.folders = tuple(folders)
        moved = [state for state in self._states.all() if workspace.folder_of(state.key.path) != before[state.key]]
        self._outdate(moved, "folders")
        return moved

    def compiled_outdated(self) -> list[TargetKey]:
        """The graphs of torch.compile may be different. Returns the targets that show them."""
        states = self._states.all()
        self._outdate(states, "settings", compiled=True)
        return [state.key for state in states if state.convention == "compile"]

    def all_outdated(self) -> None:
        """Everything may be different with other settings or another interpreter."""
        self._outdate(self._states.all(), "settings")


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
