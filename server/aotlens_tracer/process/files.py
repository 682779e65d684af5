"""How much a child and what it started keep in files: in its folder, in shared memory, and in those without a name."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Collection, Iterator

SHARED_MEMORY = "/dev/shm"
"""The folder of shared memory, which all processes of the machine have in common."""
_BETWEEN_SECONDS = 0.5
"""How long after a look the next one is taken."""
_LOOK_SECONDS = 0.2
"""For how long files are looked at in one go. What is not seen by then does not count: very many files are small."""
_BLOCK = 512

_File = tuple[int, int]
"""The numbers of a device and of a file on it."""


class Files:
    """Those of one child, from now on: what was in shared memory before is not its."""

    def __init__(self) -> None:
        self._next = 0.0
        self._before = _in_shared_memory(time.monotonic() + _LOOK_SECONDS)

    def exceed(self, limit: int, folder: str, processes: Collection[int]) -> bool:
        """Whether they have more than `limit` bytes on disk and in memory. Between two looks, False."""
        now = time.monotonic()
        if now < self._next:
            return False
        own = _own(folder, processes, now + _LOOK_SECONDS)
        shared = self._shared(now + _LOOK_SECONDS)
        found = sum((own | shared).values())
        if found > limit >= sum(own.values()):
            others = _held_by_others(processes)
            found = sum((own | {file: size for file, size in shared.items() if file not in others}).values())
        self._next = time.monotonic() + _BETWEEN_SECONDS
        return found > limit

    def _shared(self, deadline: float) -> dict[_File, int]:
        """Return what has come to shared memory meanwhile, and by how much the rest has grown."""
        now = _in_shared_memory(deadline)
        return {file: max(0, size - self._before.get(file, 0)) for file, size in now.items()}


def _own(folder: str, processes: Collection[int], deadline: float) -> dict[_File, int]:
    counted = {_file(status): _size(status) for status in _below(folder, deadline)}
    for pid in processes:
        if time.monotonic() > deadline:
            break
        counted |= {_file(status): _size(status) for status in _opened(pid) if not status.st_nlink}
    return counted


def _in_shared_memory(deadline: float) -> dict[_File, int]:
    """Return the files of this user in shared memory."""
    if not hasattr(os, "geteuid"):
        return {}
    user = os.geteuid()
    return {_file(status): _size(status) for status in _below(SHARED_MEMORY, deadline) if status.st_uid == user}


def _below(folder: str, deadline: float) -> Iterator[os.stat_result]:
    pending = [folder]
    while pending and time.monotonic() < deadline:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # it is gone
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        yield entry.stat(follow_symlinks=False)
                if time.monotonic() > deadline:
                    break


def _held_by_others(processes: Collection[int]) -> set[_File]:
    """Return the files in shared memory that other processes of this user have open or mapped: they are theirs."""
    held: set[_File] = set()
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            if int(name) in processes or os.stat(f"/proc/{name}").st_uid != os.geteuid():
                continue
            held |= {_file(status) for status in _opened(int(name))}
            held |= set(_mapped(int(name)))
    return held


def _opened(pid: int) -> Iterator[os.stat_result]:
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for number in os.listdir(folder):
            with contextlib.suppress(OSError):
                yield os.stat(f"{folder}/{number}")


def _mapped(pid: int) -> Iterator[_File]:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            if SHARED_MEMORY in line:
                device, number = line.split()[3:5]
                major, minor = device.split(":")
                yield os.makedev(int(major, 16), int(minor, 16)), int(number)


def _file(status: os.stat_result) -> _File:
    return status.st_dev, status.st_ino


def _size(status: os.stat_result) -> int:
    """Return the bytes of a regular file on disk, or in memory: one with holes has less than its length."""
    return status.st_blocks * _BLOCK if stat.S_ISREG(status.st_mode) else 0
