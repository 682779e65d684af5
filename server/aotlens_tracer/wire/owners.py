"""Who owns the files above and beside a project: another user's are not obeyed, as git's `safe.directory` does not."""

from __future__ import annotations

import os
import stat


def is_anothers(path: str, file: str) -> bool:
    """Return whether a path belongs to another user, or everybody may change it.

    It belongs to this one if its owner is this user, the system's administrator, or the owner of `file`, which is
    obeyed anyway. That everybody may change it says nothing where everybody may change the file `file`, too: so are all
    that a container with `umask 0` makes, and all of a disk of Windows in WSL. False for what does not exist, and where
    the system has no owners.
    """
    if not hasattr(os, "geteuid"):
        return False
    try:
        link, status, obeyed = os.lstat(path), os.stat(path), os.stat(file)
    except OSError:
        return False
    if not {link.st_uid, status.st_uid} <= {os.geteuid(), 0, obeyed.st_uid}:
        return True
    is_file_open = stat.S_ISREG(obeyed.st_mode) and bool(obeyed.st_mode & stat.S_IWOTH)
    return bool(status.st_mode & stat.S_IWOTH) and not is_file_open


def is_planted(path: str, *files: str) -> bool:
    """Return whether another user has put a path into a folder that everybody may write to, such as `/tmp`.

    Not so if its owner is this user, the system's administrator, or the owner of the folder or of one of `files`. What
    a link leads to is looked at, too.
    """
    if not hasattr(os, "geteuid"):
        return False
    try:
        status, folder = os.lstat(path), os.stat(os.path.dirname(path))
        if is_open(folder) and status.st_uid not in (os.geteuid(), 0, folder.st_uid, *_owners(files)):
            return True
        target = os.path.realpath(path) if stat.S_ISLNK(status.st_mode) else path
    except OSError:
        return False
    return target != path and not os.path.islink(target) and is_planted(target, *files)


def is_open(folder: os.stat_result) -> bool:
    """Return whether everybody may put something into a folder."""
    return bool(folder.st_mode & stat.S_IWOTH)


def _owners(files: tuple[str, ...]) -> set[int]:
    return {os.stat(file).st_uid for file in files}
