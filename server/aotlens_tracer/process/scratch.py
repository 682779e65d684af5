"""The scratch folder: the one private folder of a server or command, in which all that it starts keeps its files.

It lies in the system's temporary directory, nobody else may enter it, and its name cannot be guessed. Its owner holds a
lock on a file in it for as long as it runs. The next start removes the folders whose owner is gone: those of the same
user alone, and never through a link. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile

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


def remove(folder: str) -> None:
    """Remove a folder of ours with all that is in it, whatever rights and depth user code gave that."""
    shutil.rmtree(folder, ignore_errors=True)
