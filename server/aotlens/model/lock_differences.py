"""The targets that are not as a lock says, with the places of their changes in today's source."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aotlens_tracer.wire.places import Span

from .lock import Lock, LockedTarget
from .lock_diff import Change, TargetChange, compare_locks
from .lock_places import place_of, place_of_target
from .snapshot import Snapshot, TargetKey


@dataclass(frozen=True)
class Placed:
    """One change and its place; None if nothing is known of today's source."""

    change: Change
    place: Span | None


@dataclass(frozen=True)
class Difference:
    """A target that has changed, and each of its changes with its place.

    `of_target` is the place of the target itself; None if nothing is known of today's source.
    """

    target: TargetChange
    changes: tuple[Placed, ...]
    of_target: Span | None = None


def differences_of(old: Iterable[LockedTarget], new: Lock, snapshot: Snapshot | None, folder: Path) -> list[Difference]:
    """The targets that have changed. Their paths are relative to `folder`; `snapshot` is what is known of today."""
    return [placed(each, snapshot, folder) for each in compare_locks(old, new)]


def placed(changed: TargetChange, snapshot: Snapshot | None, folder: Path) -> Difference:
    """A change with the places of all that has changed."""
    path = os.path.normpath(folder / changed.target.path)
    known = snapshot.documents if snapshot is not None else ()
    # The folder may have been reached by a link.
    path = next((each for each in known if path not in known and _real(each) == _real(path)), path)
    key = TargetKey(path, changed.target.qualname)
    if snapshot is None or key.path not in snapshot.documents:
        return Difference(changed, tuple(Placed(each, None) for each in changed.changes))
    places = tuple(Placed(each, place_of(each, key, snapshot)) for each in changed.changes)
    return Difference(changed, places, place_of_target(key, snapshot))


def _real(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)
