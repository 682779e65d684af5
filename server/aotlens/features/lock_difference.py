"""The difference of a traced target from the lock of its project, for the lens and what a click on it shows."""

from __future__ import annotations

import os
from pathlib import Path

from aotlens.explain.blocks import Block
from aotlens.explain.lock_changes import difference_in_blocks, since_in_brief
from aotlens.model.index import index_of
from aotlens.model.lock import Lock, LockedTarget, locked, version_of
from aotlens.model.lock_diff import TargetChange, compare_locks
from aotlens.model.lock_differences import placed
from aotlens.model.snapshot import OpenLock, Snapshot, TargetKey, TargetState


def since_lock(snapshot: Snapshot, key: TargetKey) -> TargetChange | None:
    """The change of a target since it was locked; None if there is none, or nothing to compare.

    No trace is made for it. A target that was traced in another way than it was locked is not compared: in the other
    convention, or in a call of a model that happens to be open.
    """
    state, open_lock = snapshot.states.get(key), snapshot.locks.get(key.path)
    if state is None or open_lock is None or state.map is None or not state.map.graphs or state.map.folded:
        return None
    if state.failure is not None or state.convention != open_lock.lock.convention:
        return None
    return index_of(state.map).once(("since lock", open_lock.state), lambda: _compared(state, open_lock))


def lens_title(snapshot: Snapshot, key: TargetKey) -> str | None:
    """The difference in one line; None without one."""
    change = since_lock(snapshot, key)
    return since_in_brief(change, _name(snapshot, key)) if change is not None else None


def in_blocks(snapshot: Snapshot, key: TargetKey) -> list[Block] | None:
    """The whole difference, each change with its place in today's text; None without one."""
    change, open_lock = since_lock(snapshot, key), snapshot.locks.get(key.path)
    if change is None or open_lock is None:
        return None
    found, state = placed(change, snapshot, Path(open_lock.path).parent), snapshot.states[key]
    places = [snapshot.now(state, each.place) if each.place is not None else None for each in found.changes]
    map = state.map
    torch = (open_lock.lock.torch, version_of(map.torch if map is not None else None))
    return difference_in_blocks(found.target, places, _name(snapshot, key), torch)


def _name(snapshot: Snapshot, key: TargetKey) -> str:
    return os.path.basename(snapshot.locks[key.path].path)


def _compared(state: TargetState, open_lock: OpenLock) -> TargetChange | None:
    assert state.map is not None
    path = Path(os.path.relpath(state.key.path, os.path.dirname(open_lock.path))).as_posix()
    old = _locked_before(open_lock, path, state.key.qualname)
    if old is None or old.failure is not None:
        return None
    new = locked(state.map, path)
    if new.example != old.example and state.is_recorded:
        return None
    found = compare_locks([old], Lock(open_lock.lock.torch, state.convention, (new,)))
    return found[0] if found else None


def _locked_before(open_lock: OpenLock, path: str, qualname: str) -> LockedTarget | None:
    same = (each for each in open_lock.lock.targets if (each.path, each.qualname) == (path, qualname))
    return next(same, None)
