"""How much a child and what it started keep in files: those in its folder, and those that have no name any more."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable

_BETWEEN_SECONDS = 0.5
"""How long after a look the next one is taken."""
_LOOK_SECONDS = 0.2
"""For how long files are looked at in one go. What is not seen by then does not count: very many files are small."""
_BLOCK = 512


class Files:
    """Those of one child."""

    def __init__(self) -> None:
        self._next = 0.0

    def exceed(self, limit: int, folder: str, processes: Iterable[int]) -> bool:
        """Whether they have more than `limit` bytes on disk. Between two looks, False."""
        now = time.monotonic()
        if now < self._next:
            return False
        found = _sum(folder, processes, now + _LOOK_SECONDS)
        self._next = time.monotonic() + _BETWEEN_SECONDS
        return found > limit


def _sum(folder: str, processes: Iterable[int], deadline: float) -> int:
    counted: dict[tuple[int, int], int] = {}
    pending = [folder]
    while pending and time.monotonic() < deadline:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    _add(counted, entry.stat(follow_symlinks=False))
                if time.monotonic() > deadline:
                    break
    for pid in processes:
        if time.monotonic() > deadline:
            break
        opened = f"/proc/{pid}/fd"
        with contextlib.suppress(OSError):
            for number in os.listdir(opened):
                with contextlib.suppress(OSError):
                    status = os.stat(f"{opened}/{number}")
                    if not status.st_nlink:
                        _add(counted, status)
    return sum(counted.values())


def _add(counted: dict[tuple[int, int], int], status: os.stat_result) -> None:
    """Count a regular file once, with what it has on disk: one with holes has less than its length."""
    if stat.S_ISREG(status.st_mode):
        counted[status.st_dev, status.st_ino] = status.st_blocks * _BLOCK
