"""The states of all targets. They change on the event loop only, by replacing immutable mappings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from aotlens.model.snapshot import Change, Status, TargetKey, TargetState
from aotlens_tracer.wire.protocol import Convention

if TYPE_CHECKING:
    from aotlens_tracer.wire.failures import Failure

_UNDER_WAY = ("waiting", "tracing")


class States:
    """The state of each target, and which target the user chose to answer for a class.

    `on_change` receives the keys of each change. `convention` is that of new targets.
    """

    def __init__(self, on_change: Callable[[Iterable[TargetKey]], None]) -> None:
        self._on_change = on_change
        self.convention: Convention = "export"
        self.by_key: Mapping[TargetKey, TargetState] = MappingProxyType({})
        self.contexts: Mapping[TargetKey, TargetKey] = MappingProxyType({})

    def get(self, key: TargetKey) -> TargetState | None:
        """Return the state of a target; None if there is no such target."""
        return self.by_key.get(key)

    def new(self, key: TargetKey) -> TargetState:
        """Return the initial state of a target."""
        return TargetState(key, convention=self.convention)

    def present(self, keys: Iterable[TargetKey]) -> list[TargetState]:
        """Return the states of those of these targets that still exist."""
        return [state for key in keys if (state := self.by_key.get(key)) is not None]

    def all(self) -> list[TargetState]:
        """Return the states of all targets."""
        return list(self.by_key.values())

    def of_files(self, paths: Collection[str]) -> list[TargetState]:
        """Return the states of the targets of these files."""
        return [state for state in self.by_key.values() if state.key.path in paths]

    def dependents(self, path: str, opened: Container[str]) -> list[TargetState]:
        """Return the states that a change of a file concerns: its own targets, and those whose trace imported it.

        The imports of a target that could not be imported are unknown. It is included if its file is one of the opened
        ones, or if the traceback names the changed file or its module.
        """
        return [
            state
            for state in self.by_key.values()
            if state.key.path == path
            or any(path in map.files for map in (*state.maps, *((state.attempt,) if state.attempt else ())))
            or (
                state.failure is not None
                and state.failure.stage in ("import", "syntax")
                and (state.key.path in opened or _names(state.failure, path))
            )
        ]

    def update(self, states: Iterable[TargetState]) -> None:
        """Replace the states of targets, or add them."""
        changed = {state.key: state for state in states}
        if changed:
            self.by_key = MappingProxyType({**self.by_key, **changed})
            self._on_change(changed)

    def outdate(
        self, states: Iterable[TargetState], changed: Change = "code", convention: Convention | None = None
    ) -> None:
        """Mark the maps of these states, or those of one convention, as stale after a change."""
        pairs = [(state, state.outdated(changed, convention)) for state in states]
        self.update([after for before, after in pairs if after is not before])

    def rest(self, keys: Iterable[TargetKey], status: Status | None = None) -> None:
        """Give targets that are no longer waiting or tracing the given status, by default the one from before."""
        under_way = [state for state in self.present(keys) if is_under_way(state)]
        self.update([replace(state, status=status or state.settled, stage=None) for state in under_way])

    def rest_other(self, keys: Iterable[TargetKey]) -> None:
        """The other convention of these targets is no longer waiting to be traced, nor being traced."""
        under_way = [state for state in self.present(keys) if state.other.is_under_way]
        self.update([replace(state, other=replace(state.other, is_under_way=False)) for state in under_way])

    def remove(self, keys: Iterable[TargetKey]) -> None:
        """Remove targets."""
        gone = set(keys)
        self.by_key = MappingProxyType({key: state for key, state in self.by_key.items() if key not in gone})
        self._on_change(gone)

    def choose_context(self, of: TargetKey, context: TargetKey) -> None:
        """Let the map of `context` answer for the class `of`."""
        self.contexts = MappingProxyType({**self.contexts, of: context})
        self._on_change([of])

    def rename_in_contexts(self, old: TargetKey, new: TargetKey) -> None:
        """Keep the user's choices of contexts after a target was renamed."""

        def renamed(key: TargetKey) -> TargetKey:
            return new if key == old else key

        self.contexts = MappingProxyType({renamed(of): renamed(context) for of, context in self.contexts.items()})


def _names(failure: Failure, path: str) -> bool:
    """Return whether the traceback of a failure names a file or its module: a change of it may mend the failure."""
    file = Path(path)
    module = file.parent.name if file.stem == "__init__" else file.stem
    return failure.traceback is not None and re.search(rf"\b{re.escape(module)}\b", failure.traceback) is not None


def is_under_way(state: TargetState) -> bool:
    """Return whether a target is being traced or waits for that."""
    return state.status in _UNDER_WAY
