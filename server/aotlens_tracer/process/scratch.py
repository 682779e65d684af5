"""The scratch folder: the one private folder of a server or command, in which all that it starts keeps its files.

It lies in the system's temporary directory, nobody else may enter it, and its name cannot be guessed. Its owner holds a
lock on a file in it for as long as it runs. The next start removes the folders whose owner is gone: those of the same
user alone, and never through a link. A cleaner of temporary files may remove it, and another user then make something
in its place: so each folder is held open, and used only as long as it stands at its path. Standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import shutil
import stat
import tempfile
import threading
import time
from pathlib import Path

from ..wire.private_folders import open_on_the_way

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
_CAN_HOLD = os.open in os.supports_dir_fd
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_LINK
_AT_ONCE, _SLICE = 0.1, 0.005
"""For how many seconds a folder is removed at once, and later in one go."""
_MOST_SWEPT = 10_000
"""The number of entries of the temporary directory that are looked at."""


class Folder:
    """A private folder that is held open: what is done to it is done to this very folder, whatever is at its path now.

    Where the system does not offer that (Windows), its path stands for it.

    A number of a descriptor that was closed may be another folder's by now, and what is in that must not be removed. So
    only one thread removes or closes it at a time, and the number is compared with what it stood for.
    """

    def __init__(self, path: str, descriptor: int | None, lock: int | None = None) -> None:
        self.path = path
        self._descriptor = descriptor
        self._lock = lock
        self._identity = _identity(descriptor)
        self._ending = threading.RLock()

    @property
    def identity(self) -> list[int]:
        """The numbers that tell it from other folders; none if it is not held, or not any more."""
        return [] if self._descriptor is None else self._identity

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that hold it, and its lock if it has one."""
        return tuple(each for each in (self._descriptor, self._lock) if each is not None)

    @property
    def is_there(self) -> bool:
        """Whether it still stands at its path. A link to it, or another folder, does not count."""
        if not _CAN_HOLD:
            return os.path.isdir(self.path)
        try:
            return self._descriptor is not None and os.path.samestat(os.fstat(self._descriptor), os.lstat(self.path))
        except OSError:
            return False

    def new(self, name: str) -> Folder:
        """Make a folder in it. Raises OSError."""
        path = os.path.join(self.path, name)
        if not _CAN_HOLD:
            os.mkdir(path, 0o700)
            return Folder(path, None)
        os.mkdir(name, 0o700, dir_fd=self._held)
        _let_in(name, self._held)  # whatever the umask took
        return Folder(path, os.open(name, _FOLDER, dir_fd=self._held))

    def open(self, name: str, flags: int) -> int:
        """Open a file in it, never through a link; return the descriptor. Raises OSError."""
        flags |= _NO_LINK | getattr(os, "O_BINARY", 0)
        if not _CAN_HOLD:
            return os.open(os.path.join(self.path, name), flags, 0o600)
        descriptor = os.open(name, flags, 0o600, dir_fd=self._held)
        if flags & os.O_EXCL:
            os.fchmod(descriptor, 0o600)
        return descriptor

    def open_new(self, name: str, flags: int = os.O_WRONLY) -> int:
        """Make a file in it that nobody else can read; return the descriptor. Raises OSError."""
        return self.open(name, flags | os.O_CREAT | os.O_EXCL)

    def write(self, name: str, data: bytes) -> str:
        """Give a file of it these contents, as a whole; return its path. Raises OSError."""
        unfinished = f".{os.urandom(6).hex()}"
        path = os.path.join(self.path, name)
        with open(self.open_new(unfinished), "wb") as file:
            file.write(data)
        if _CAN_HOLD:
            os.replace(unfinished, name, src_dir_fd=self._held, dst_dir_fd=self._held)
        else:
            os.replace(os.path.join(self.path, unfinished), path)
        return path

    def unlink(self, name: str) -> None:
        """Remove a file of it. Raises OSError."""
        if _CAN_HOLD:
            os.unlink(name, dir_fd=self._held)
        else:
            os.unlink(os.path.join(self.path, name))

    def remove(self, seconds: float = math.inf) -> bool:
        """Remove it, whatever user code put into it, and return whether it is gone, after `seconds` at most.

        Each folder in it is opened from the one that it lies in: no link is followed. Rights and depth do not matter.
        """
        if not _CAN_HOLD:
            shutil.rmtree(self.path, ignore_errors=True)
            return not os.path.lexists(self.path)
        with self._ending:
            if self._descriptor is None:
                return True
            if _identity(self._descriptor) != self._identity:
                self._descriptor = None
                return True
            with contextlib.suppress(OSError):
                os.fchmod(self._descriptor, 0o700)
                _empty(self._descriptor, time.monotonic() + seconds)
                if self.is_there:
                    os.rmdir(self.path)
            if self.is_there:
                return False
            self.close()
            return True

    def close(self) -> None:
        """Hold it no longer."""
        with self._ending:
            for descriptor in self.descriptors:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            self._descriptor = self._lock = None

    @property
    def _held(self) -> int:
        if self._descriptor is None:
            raise FileNotFoundError(0, self.path)
        return self._descriptor


def _identity(descriptor: int | None) -> list[int]:
    """Return the numbers of what a descriptor stands for; none if it is closed."""
    if descriptor is None:
        return []
    try:
        status = os.fstat(descriptor)
    except OSError:
        return []
    return [status.st_dev, status.st_ino]


def hold(path: str) -> Folder:
    """Hold a folder of this user that nobody else may enter. Raises OSError."""
    if not _CAN_HOLD:
        return Folder(path, None)
    descriptor = os.open(path, _FOLDER)
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        os.close(descriptor)
        raise PermissionError(0, path)
    return Folder(path, descriptor)


def new_folder() -> Folder:
    """Make a private folder whose name cannot be guessed. Raises OSError."""
    path = tempfile.mkdtemp(prefix=PREFIX, dir=location())
    os.chmod(path, 0o700)  # whatever the umask took
    return hold(path)


def make() -> Folder:
    """Make a folder that this process owns, with a lock that says so. Raises OSError."""
    while True:
        folder = new_folder()
        if fcntl is None:
            return folder
        lock = folder.open_new(LOCK, os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            # systemd-tmpfiles leaves a folder alone that is locked, however old it is
            fcntl.flock(folder.descriptors[0], fcntl.LOCK_SH)
            return Folder(folder.path, folder.descriptors[0], lock)
        folder.close()  # a sweep of another process came between the two calls
        os.close(lock)


def location() -> str:
    """Return where scratch folders are made: the temporary directory, else a folder of the user's. Raises OSError.

    Where everybody may write and nothing says that files are their owner's alone (the sticky bit), others can put
    something else in the place of a folder: such a temporary directory, or one below such a folder, is not used.
    """
    folder = tempfile.gettempdir()
    if keeps_owners(folder):
        return folder
    own = _folder_of_user()
    if not keeps_owners(own):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)
    return own


def keeps_owners(folder: str) -> bool:
    """Return whether nobody else, but the administrator, can rename or remove what this user puts into a folder.

    Nor may they put another one in the place of the folder; where a group may do so, it is its group's.
    """
    if not hasattr(os, "geteuid"):
        return True
    try:
        status, open_above = os.stat(folder), open_on_the_way(folder, groups=False)
    except OSError:
        return False
    is_open = bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)) and not status.st_mode & stat.S_ISVTX
    return status.st_uid in (os.geteuid(), 0) and not is_open and open_above is None


def make_private(folder: Path) -> None:
    """Make a folder and what is missing above it, for this user alone, whatever the umask says. Raises OSError."""
    for each in (*reversed(folder.parents), folder):
        with contextlib.suppress(FileExistsError):
            os.mkdir(each, 0o700)
            _let_in(str(each))  # whatever the umask took


def _folder_of_user() -> str:
    """Return the folder for this user's files of this session, else one in that for caches. Raises OSError."""
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(session) and keeps_owners(session):
        return session
    caches = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(caches if os.path.isabs(caches) else os.path.expanduser("~/.cache"), "aotlens", "tmp")
    make_private(folder)
    return str(folder)


def sweep() -> None:
    """Remove the folders of this user whose owner has ended."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        for place in {tempfile.gettempdir(), location()}:
            with contextlib.suppress(OSError), os.scandir(place) as entries:
                for _, entry in zip(range(_MOST_SWEPT), entries):
                    if entry.name.startswith(PREFIX):
                        remove_if_ownerless(entry.path)


def remove_if_ownerless(path: str) -> None:
    """Remove a scratch folder of this user if its owner has ended. Anything else is left alone."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        folder = hold(path)
        try:
            # Nobody else can change anything in a folder with these rights.
            lock = folder.open(LOCK, os.O_RDWR | os.O_NONBLOCK)
            try:
                if stat.S_ISREG(os.fstat(lock).st_mode):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    folder.remove()
            finally:
                os.close(lock)
        finally:
            folder.close()


class Leftovers:
    """Folders that are removed between requests if that takes long: code that left very many files holds up nobody."""

    def __init__(self) -> None:
        self._folders: list[Folder] = []

    def __bool__(self) -> bool:
        return bool(self._folders)

    def remove(self, folder: Folder) -> None:
        """Remove a folder now, or later if that takes long."""
        if not folder.remove(_AT_ONCE):
            self._folders.append(folder)

    def remove_more(self) -> None:
        """Remove what can be removed in a short time."""
        if self._folders and self._folders[0].remove(_SLICE):
            del self._folders[0]


def _let_in(name: str, folder: int | None = None) -> None:
    """Let its owner into a folder. Another process may put a link in its place at any time: none is followed."""
    if not _CAN_HOLD:
        return
    flags = getattr(os, "O_PATH", os.O_RDONLY)
    opened = os.open(name, flags | getattr(os, "O_DIRECTORY", 0) | os.O_NOFOLLOW, dir_fd=folder)
    try:
        if hasattr(os, "O_PATH"):
            os.chmod(f"/proc/self/fd/{opened}", 0o700)
        else:
            os.fchmod(opened, 0o700)
    finally:
        os.close(opened)


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
                _let_in(name, folder)  # what nobody may enter can be neither read nor moved
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
