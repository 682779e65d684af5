"""The targets of a traced project that are not as a lock says, with the places of their changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aotlens.model.lock import Lock, LockedTarget
from aotlens.model.lock_diff import Change, TargetChange, compare_locks
from aotlens.model.snapshot import TargetKey
from aotlens_tracer.wire.places import Span

from .lock_places import place_of
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
