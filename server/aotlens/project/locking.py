"""The lock of a traced project, and the parts of an older one that it keeps."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from aotlens.features.diagnostics import is_untraceable
from aotlens.model.lock import Lock, LockedTarget, failed, locked, version_of
from aotlens.model.snapshot import TargetState

from .lock_file import relative_to_lock
from .problems import Misuse
from .tracing import TracedProject

_OF_THE_MACHINE = ("timeout", "memory", "crash")
"""The reasons of failures that say nothing about the code."""


@dataclass(frozen=True)
class Locked:
    """The lock of a traced project, and the targets that are not in it.

    `untraced` are targets for which no example is known: they are in no lock. `unclear` are those whose trace took too
    much time or memory, so that nothing is known about them.
    """

    lock: Lock
    untraced: tuple[TargetState, ...]
    unclear: tuple[TargetState, ...]

    def unclear_names(self, file: Path) -> frozenset[str]:
        """The names of the unclear ones in a lock."""
        names = (f"{relative_to_lock(file, each.key.path)}::{each.key.qualname}" for each in self.unclear)
        return frozenset(names)


def lock_of(project: TracedProject, file: Path, convention: str) -> Locked:
    """The lock of a traced project, in a file. Raises Misuse if its parts are traced with different torches."""
    untraced = [state for state in project.targets if is_untraceable(state)]
    unclear = [state for state in project.targets if _is_unclear(state)]
    known = [state for state in project.targets if state not in untraced and state not in unclear]
    maps = [state.map for state in known if state.map is not None]
    versions = sorted({version_of(map.torch) for map in maps})
    if len(versions) > 1:
        raise Misuse(f"the targets are traced with several versions of torch, {', '.join(versions)}: lock them apart")
    targets = [each for state in known if (each := _target(state, file)) is not None]
    targets.sort(key=lambda each: (each.path, each.qualname))
    lock = Lock(versions[0] if versions else "unknown", convention, tuple(targets))
    return Locked(lock, tuple(untraced), tuple(unclear))


def locked_again(old: Lock, new: Locked, project: TracedProject, file: Path) -> Lock:
    """The new lock, with what the old one has of targets that were not looked at, or of which nothing is known now.

    Raises Misuse if that was locked in another way: with another convention or torch.
    """
    kept = [*elsewhere(old, project, file), *(each for each in old.targets if each.name in new.unclear_names(file))]
    if kept and new.lock.targets and (old.torch, old.convention) != (new.lock.torch, new.lock.convention):
        raise Misuse(
            f"{file} has targets that were locked with torch {old.torch} and the convention {old.convention}, not "
            f"{new.lock.torch} and {new.lock.convention}: lock the whole project"
        )
    targets = {each.name: each for each in (*kept, *new.lock.targets)}
    head = old if kept and not new.lock.targets else new.lock
    return replace(head, targets=tuple(targets[name] for name in sorted(targets)))


def elsewhere(old: Lock, project: TracedProject, file: Path) -> list[LockedTarget]:
    """The targets of a lock that were not looked at, or whose file could not be read or traced, in files that exist."""
    read = (each for each in project.selected if each.path not in project.unread)
    chosen = {(relative_to_lock(file, each.path), each.qualname) for each in read}
    return [
        each
        for each in old.targets
        if chosen.isdisjoint({(each.path, None), (each.path, each.qualname)})
        and os.path.exists(file.parent / each.path)
    ]


def _is_unclear(state: TargetState) -> bool:
    return state.failure is not None and state.failure.reason in _OF_THE_MACHINE


def _target(state: TargetState, file: Path) -> LockedTarget | None:
    path = relative_to_lock(file, state.key.path)
    if state.failure is not None:
        return failed(path, state.key.qualname, state.failure)
    return locked(state.map, path) if state.map is not None else None
