"""Who owns the files above a project: another user's are not obeyed, as git's `safe.directory` does not."""

from __future__ import annotations

import os
import stat


def is_anothers(path: str, file: str) -> bool:
    """Return whether a path belongs to another user, or everybody may change it.

    It belongs to this one if its owner is this user, the system's administrator, or the owner of `file`, which is
    obeyed anyway. False for what does not exist, and where the system has no owners.
    """
    if not hasattr(os, "geteuid"):
        return False
    try:
        link, status = os.lstat(path), os.stat(path)
        owners = {os.geteuid(), 0, os.stat(file).st_uid}
    except OSError:
        return False
    return not {link.st_uid, status.st_uid} <= owners or bool(status.st_mode & stat.S_IWOTH)


def is_planted(path: str, file: str) -> bool:
    """Return whether another user has put a path into a folder that everybody may write to, such as `/tmp`.

    Not so if its owner is this user, the system's administrator, or the owner of the folder or of `file`.
    """
    if not hasattr(os, "geteuid"):
        return False
    try:
        folder = os.stat(os.path.dirname(path))
        if not folder.st_mode & stat.S_IWOTH:
            return False
        return os.lstat(path).st_uid not in (os.geteuid(), 0, folder.st_uid, os.stat(file).st_uid)
    except OSError:
        return False
