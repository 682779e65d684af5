"""Decides which convention of a target is shown, and when the other one is traced too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens_tracer.wire.protocol import Convention

from .scheduler import Scheduler
from .states import States
from .workspace import Workspace


class Conventions:
    """Shows the convention of `aotlens.trace.convention`, or the one that the user chose for a target."""

    def __init__(self, workspace: Workspace, states: States, scheduler: Scheduler) -> None:
        self._workspace = workspace
        self._states = states
        self._scheduler = scheduler

    def follow_setting(self) -> None:
        """Show the convention of the settings, but for targets whose convention the user chose.

        A kept map that is not stale is shown at once. Other targets are traced, if they are traced automatically.
        """
        wanted = self._workspace.settings.trace_convention
        self._states.convention = wanted
        turned = [s for s in self._states.all() if not s.chosen and s.convention != wanted]
        keys = self._turn(turned)
        automatic = [] if self._workspace.is_manual else self._states.present(keys)
        self._scheduler.add_turned([state.key for state in automatic if self._workspace.includes(state)])

    def switch(self, key: TargetKey, convention: Convention | None = None) -> None:
        """Show the other convention of a target, or the given one, because the user says so."""
        state = self._states.get(key) or self._states.new(key)
        self._states.update([replace(state, chosen=True)])
        if convention != state.convention:
            self._scheduler.add_turned(self._turn([self._states.by_key[key]]))

    def want_both(self, keys: Iterable[TargetKey]) -> None:
        """Trace the other convention of these traced targets too, when there is nothing else to do.

        Not if targets are traced only when the user asks for it, nor while the map that is shown is stale. One that
        failed is traced again after an edit.
        """
        states = [] if self._workspace.is_manual else self._states.present(keys)
        fresh = [state for state in states if state.status == "traced" and not state.stale]
        wanted = [state.key for state in fresh if _lacks_other(state) and self._workspace.includes(state)]
        if wanted:
            self._scheduler.add_other(wanted)

    def _turn(self, states: Iterable[TargetState]) -> list[TargetKey]:
        """Show the other convention of these targets. Returns those whose map is missing or stale."""
        turned = [state.swapped() for state in states]
        self._states.update(turned)
        due = [state.key for state in turned if state.map is None or state.stale]
        self._scheduler.drop([state.key for state in turned if state.key not in due])
        return due


def _lacks_other(state: TargetState) -> bool:
    other = state.other
    return not other.is_under_way and other.failure is None and (other.map is None or other.stale)
