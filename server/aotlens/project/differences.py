"""The targets of a traced project that are not as a lock says, with the places of their changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aotlens.model.lock import Lock, LockedTarget, failed
from aotlens.model.lock_diff import Change, TargetChange, compare_locks
from aotlens.model.snapshot import TargetKey, TargetState
from aotlens_tracer.wire.places import Span

from .lock_file import relative_to_lock
from .lock_places import place_of
from .locking import elsewhere, lock_of
from .problems import Misuse
from .tracing import TracedProject


@dataclass(frozen=True)
class Placed:
    """One change and its place; None if nothing is known of today's source."""

    change: Change
    place: Span | None


@dataclass(frozen=True)
class Difference:
    """A target that has changed, and each of its changes with its place."""

    target: TargetChange
    changes: tuple[Placed, ...]


@dataclass(frozen=True)
class Compared:
    """The two sides of a comparison, by name, and the differences."""

    before: str
    after: str
    old: Lock
    new: Lock
    differences: Sequence[Difference]


def since_lock(old: Lock, project: TracedProject, file: Path, convention: str) -> Compared:
    """The changes since the lock in a file, of what was looked at. Raises Misuse if it has another convention.

    A target whose trace took too much time or memory is as it was: nothing is known about it.
    """
    require_convention(old, convention)
    found = lock_of(project, file, convention)
    left, unclear = {each.name for each in elsewhere(old, project, file)}, found.unclear_names(file)
    known = [each for each in old.targets if each.name not in left and each.name not in unclear]
    new = _with_lost_examples(found.lock, known, found.untraced, file)
    return Compared(file.name, "today", old, new, differences_of(known, new, project, file.parent))


def _with_lost_examples(new: Lock, old: Sequence[LockedTarget], untraced: Iterable[TargetState], file: Path) -> Lock:
    """The lock with the targets that were traced before, and for which no example is known any more."""
    names = {each.name for each in old}
    lost = [
        failed(relative_to_lock(file, state.key.path), state.key.qualname, state.failure)
        for state in untraced
        if state.failure is not None
    ]
    return replace(new, targets=(*new.targets, *(each for each in lost if each.name in names)))


def require_convention(old: Lock, convention: str) -> None:
    """Raise Misuse if what was traced before has another convention."""
    if old.convention != convention:
        raise Misuse(
            f"what was traced before has the convention {old.convention}, not {convention}: "
            f"give --convention {old.convention}"
        )


def differences_of(
    old: Iterable[LockedTarget], new: Lock, project: TracedProject | None, folder: Path
) -> list[Difference]:
    """The targets that have changed. Their paths are relative to `folder`; `project` is what is known of today."""
    return [_placed(each, project, folder) for each in compare_locks(old, new)]


def _placed(changed: TargetChange, project: TracedProject | None, folder: Path) -> Difference:
    key = TargetKey(os.path.normpath(folder / changed.target.path), changed.target.qualname)
    if project is None or key.path not in project.snapshot.documents:
        return Difference(changed, tuple(Placed(each, None) for each in changed.changes))
    return Difference(changed, tuple(Placed(each, place_of(each, key, project.snapshot)) for each in changed.changes))
