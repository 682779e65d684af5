"""The scratch folder: the one private folder of a server or command, in which all that it starts keeps its files.

It lies in the system's temporary directory, nobody else may enter it, and its name cannot be guessed. Its owner holds a
lock on a file in it for as long as it runs. The next start removes the folders whose owner is gone: those of the same
user alone, and never through a link. Standard library only.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import stat
import tempfile
import time

try:
    import fcntl
except ImportError:  # Windows, where nothing is swept
    fcntl = None  # type: ignore[assignment]  # the same name, on another system

PREFIX = "aotlens-"
OPTION = "--scratch"
"""The tracer's option that is followed by its folder, which lies in the scratch folder of its server."""
VARIABLE = "AOTLENS_SCRATCH"
"""The environment variable of the tracer, and of all that it starts, that has the same path: a mark to know them by."""
LOCK = "owner.lock"
"""The file that the owner has locked."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE, _SLICE = 0.1, 0.005
"""For how many seconds a folder is removed at once, and later in one go."""
_MOST_SWEPT = 10_000
"""The number of entries of the temporary directory that are looked at."""


def make() -> tuple[str, tuple[int, ...]]:
    """Make a folder that this process owns; return its path, and what holds its locks. Raises OSError."""
    while True:
        folder = tempfile.mkdtemp(prefix=PREFIX)
        if fcntl is None:
            return folder, ()
        descriptor = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            whole = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(
                whole, fcntl.LOCK_SH
            )  # systemd-tmpfiles leaves a folder alone that is locked, however old it is
            return folder, (descriptor, whole)
        os.close(descriptor)  # a sweep of another process came between the two calls


def is_same(folder: str, held: tuple[int, ...]) -> bool:
    """Whether a folder that `make` made, and what holds its locks, is what still stands at that path.

    In a temporary directory without the sticky bit, another user can put another folder of this user's in its place.
    """
    try:
        return not held or os.path.samestat(os.fstat(held[-1]), os.lstat(folder))
    except OSError:
        return False


def sweep() -> None:
    """Remove the folders of this user whose owner has ended."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for _, entry in zip(range(_MOST_SWEPT), entries):
            if entry.name.startswith(PREFIX):
                remove_if_ownerless(entry.path)


def remove_if_ownerless(folder: str) -> None:
    """Remove a scratch folder of this user if its owner has ended. Anything else is left alone."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) != 0o700:
            return
        # Nobody else can change anything in a folder with these rights.
        descriptor = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(folder)
        finally:
            os.close(descriptor)


class Leftovers:
    """Folders that are removed between requests if that takes long: code that left very many files holds up nobody."""

    def __init__(self) -> None:
        self._folders: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._folders)

    def remove(self, folder: str) -> None:
        """Remove a folder now, or later if that takes long."""
        if not remove(folder, _AT_ONCE):
            self._folders.append(folder)

    def remove_more(self) -> None:
        """Remove what can be removed in a short time."""
        if self._folders and (remove(self._folders[0], _SLICE) or not os.path.isdir(self._folders[0])):
            del self._folders[0]


def remove(folder: str, seconds: float = math.inf) -> bool:
    """Remove a folder of ours, whatever user code put into it, and return whether it is gone, after `seconds` at most.

    Each folder in it is opened from the one that it lies in: no link is followed. Rights and depth do not matter.
    """
    if os.open not in os.supports_dir_fd:  # Windows
        shutil.rmtree(folder, ignore_errors=True)
        return not os.path.lexists(folder)
    with contextlib.suppress(OSError):
        top = os.open(folder, _FOLDER)
        try:
            _empty(top, time.monotonic() + seconds)
        finally:
            os.close(top)
        os.rmdir(folder)
    return not os.path.lexists(folder)


def _empty(top: int, deadline: float) -> None:
    """Empty the folder that is open as `top`: the folders in its folders are moved into it, as those may lie deep.

    Raises OSError, and TimeoutError after the deadline.
    """
    mark, moved = os.urandom(6).hex(), 0

    def folders_left_in(folder: int) -> list[str]:
        """Remove what is no folder; return the names of the others."""
        left = []
        for name in os.listdir(folder):
            if time.monotonic() > deadline:
                raise TimeoutError
            try:
                os.unlink(name, dir_fd=folder)
            except OSError:
                os.chmod(name, 0o700, dir_fd=folder)  # what nobody may enter can be neither read nor moved
                left.append(name)
        return left

    while names := folders_left_in(top):
        for name in names:
            inner = os.open(name, _FOLDER, dir_fd=top)
            try:
                for deeper in folders_left_in(inner):
                    moved += 1
                    os.rename(deeper, f".removed-{mark}-{moved}", src_dir_fd=inner, dst_dir_fd=top)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)
