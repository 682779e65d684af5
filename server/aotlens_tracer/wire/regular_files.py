"""Reads files of a workspace. A name in it may be anything: a pipe, a socket, a link to an endless device.

A repository can carry a link to `/dev/zero`, and an archive a pipe, which `open` waits for without end.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

MOST_BYTES = 32 << 20
"""The size above which a file of a workspace is not read: no source and no project file is so large."""
_SLICE = 1 << 20
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # the open of a pipe does not wait for its writer
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class NotRegular(OSError):
    """A path names something that is no regular file, such as a pipe."""


class TooLarge(OSError):
    """A file is larger than what is read of one: `most` bytes."""

    most = MOST_BYTES


def read_regular_file(path: str, most: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file of at most `most` bytes.

    Raises OSError with its `strerror`: NotRegular, TooLarge, or the system's.
    """
    descriptor = open_regular_file(path)
    try:
        if os.fstat(descriptor).st_size > most:
            raise _too_large(path, most)
        return _read(descriptor, path, most)
    finally:
        os.close(descriptor)


def open_regular_file(path: str) -> int:
    """Return a descriptor that reads a regular file, which the caller closes. Raises OSError, NotRegular among them."""
    if "\0" in path:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    try:
        descriptor = os.open(path, _FLAGS)
    except UnicodeEncodeError:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path) from None
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EOPNOTSUPP):  # a socket
            raise _not_regular(path) from None
        raise
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise _not_regular(path)


def walk(folder: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield as `os.walk` does: a folder, and the names of the folders and of the files in it, then those below it.

    The caller may take folders out of the list. Before Python 3.12, `os.walk` calls itself for each folder below
    another, of which a repository can have more than Python's stack has room for.
    """
    left = [folder]
    while left:
        place = left.pop()
        folders: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    (folders if _is_folder(entry) else files).append(entry.name)
        except OSError:
            continue
        yield place, folders, files
        below = (os.path.join(place, name) for name in reversed(folders))
        left += (path for path in below if not os.path.islink(path))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=True)
    except OSError:  # a link to a name that no file can have
        return False


def _read(descriptor: int, path: str, most: int) -> bytes:
    """Files of `/proc` say that they have no bytes, and a file may grow: what is read counts, not its size."""
    found = bytearray()
    while piece := os.read(descriptor, _SLICE):
        found += piece
        if len(found) > most:
            raise _too_large(path, most)
    return bytes(found)


def _not_regular(path: str) -> NotRegular:
    return NotRegular(errno.EINVAL, os.strerror(errno.EINVAL), path)


def _too_large(path: str, most: int) -> TooLarge:
    error = TooLarge(errno.EFBIG, os.strerror(errno.EFBIG), path)
    error.most = most
    return error
