"""Who owns the files above and beside a project: another user's are not obeyed, as git's `safe.directory` does not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

_MOST_LINKS = 40


def is_anothers(path: str, file: str) -> bool:
    """Return whether a path belongs to another user, or everybody may change it.

    It belongs to this one if its owner is this user, the system's administrator, or the owner of `file`, which is
    obeyed anyway; of this user or the administrator, if there is no `file`. That everybody may change it says nothing
    where everybody may change `file`, too: so are all that a container with `umask 0` makes, and all of a disk of
    Windows in WSL. `file` may be a folder: then it says nothing of a file where everybody may change what is in the
    folder, which nobody may in one like `/tmp`. False for what does not exist, and where the system has no owners.
    """
    if not hasattr(os, "geteuid"):
        return False
    try:
        link, status = os.lstat(path), os.stat(path)
    except OSError:
        return False
    try:
        obeyed: os.stat_result | None = os.stat(file)
    except OSError:
        obeyed = None
    if not {link.st_uid, status.st_uid} <= {os.geteuid(), 0, *([obeyed.st_uid] if obeyed else [])}:
        return True
    return is_open(status) and not (obeyed and _is_as_open(obeyed, status))


def _is_as_open(obeyed: os.stat_result, found: os.stat_result) -> bool:
    is_free_folder = stat.S_ISDIR(obeyed.st_mode) and not obeyed.st_mode & stat.S_ISVTX
    is_alike = stat.S_ISREG(obeyed.st_mode) or (is_free_folder and stat.S_ISREG(found.st_mode))
    return is_open(obeyed) and is_alike


def is_planted(path: str, *files: str) -> bool:
    """Return whether another user has put a path into a folder that everybody may write to, such as `/tmp`.

    Not so if its owner is this user, the system's administrator, or the owner of the folder or of one of `files`. What
    a link leads to is looked at, too, and so are the links on the way there.
    """
    if not hasattr(os, "geteuid"):
        return False
    try:
        return _is_put(path, files) or (os.path.islink(path) and any(_is_put(each, files) for each in _led_to(path)))
    except OSError:
        return False


def _is_put(path: str, files: tuple[str, ...]) -> bool:
    status, folder = os.lstat(path), os.stat(os.path.dirname(path))
    return is_open(folder) and status.st_uid not in (os.geteuid(), 0, folder.st_uid, *_owners(files))


def _led_to(link: str) -> Iterator[str]:
    """Yield the links that are followed for one, and what is at their end."""
    folder, rest, links = os.path.realpath(os.path.dirname(link)), [os.path.basename(link)], 0
    while rest:
        part = rest.pop(0)
        place = os.path.join(folder, part)
        if part == "..":
            folder = os.path.dirname(folder)
        elif os.path.islink(place):
            links += 1
            if links > _MOST_LINKS:
                return
            yield place
            target = os.readlink(place)
            folder = os.sep if os.path.isabs(target) else folder
            rest = [each for each in target.split(os.sep) if each not in ("", ".")] + rest
        else:
            folder = place
    yield folder


def is_open(status: os.stat_result) -> bool:
    """Return whether everybody may write to a file, or put something into a folder."""
    return bool(status.st_mode & stat.S_IWOTH)


def _owners(files: tuple[str, ...]) -> set[int]:
    return {os.stat(file).st_uid for file in files}
