"""The targets of a traced project that are not as a lock says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aotlens.model.lock import Lock, LockedTarget, failed
from aotlens.model.lock_differences import Difference, differences_of
from aotlens.model.snapshot import TargetState

from .lock_file import relative_to_lock
from .locking import elsewhere, lock_of
from .problems import Misuse
from .tracing import TracedProject


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
    return Compared(file.name, "today", old, new, differences_of(known, new, project.snapshot, file.parent))


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
