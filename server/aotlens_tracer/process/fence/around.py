"""Putting the fence on: around code that was given as loose as its user says, around code that was found whole."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ...wire.fence import Fence
from ..files import SHARED_MEMORY
from . import call_filter, landlock
from .system_calls import MACHINE, give_up_rights, refuse_new_rights

_scratch: tuple[str, ...] = ()
_files: tuple[str, ...] = ()
_is_whole = False


def is_offered() -> bool:
    """Whether this system has any part of the fence."""
    return bool(MACHINE) and (landlock.abi() > 0 or call_filter.is_available())


def put_on(fence: Fence, scratch: Iterable[str], files: Iterable[str]) -> None:
    """Fence this process in. It may write below the folders `scratch`, and to `files`. Raises OSError.

    Nothing is done where the system offers no fence, or where the fence is not enabled.
    """
    global _scratch, _files
    _scratch, _files = tuple(scratch), tuple(files)
    if fence.enabled:
        # Locks and shared tensors of several processes are files there; found code may not write in it.
        _restrict((*_scratch, SHARED_MEMORY, *fence.writable), fence.network, programs=True)


def tighten() -> None:
    """Fence this process in as a whole, before code runs that was found: no loosening is for it. Raises OSError.

    From then on it starts no program.
    """
    global _is_whole
    if not _is_whole:
        _restrict(_scratch, network=False, programs=False)
        _is_whole = True


def _restrict(folders: Iterable[str], network: bool, programs: bool) -> None:
    if not MACHINE:
        return
    version, has_filter = landlock.abi(), call_filter.is_available()
    if version or has_filter:
        refuse_new_rights()
        give_up_rights()
    if version:
        landlock.restrict(version, folders, _files, network)
    if has_filter:
        outside = (os.getppid(), os.getpgid(os.getppid())) if version < 6 else ()
        call_filter.restrict(network, programs, outside)
