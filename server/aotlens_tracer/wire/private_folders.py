"""Whether a folder is this user's alone: others can change neither it nor the way to it. Everything here blocks."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST_LINKS = 40
_ACCESS_LIST = "system.posix_acl_access"


def open_to_others(folder: Path) -> str | None:
    """Return what lets others change what is in `folder`, or put another one in its place; None if nothing does.

    That is `folder` itself, or a folder or link on the way to it. Raises OSError.
    """
    if not hasattr(os, "getuid"):  # Windows, where modes say nothing
        return None
    whole = os.path.realpath(folder)
    status = os.stat(whole)
    if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return whole
    return open_on_the_way(str(folder))


def open_on_the_way(folder: str, groups: bool = True) -> str | None:
    """Return what, on the way to a folder, lets others put another one in its place; None if nothing does.

    Without `groups`, a folder that a group may write to is its group's. Raises OSError.
    """
    trusted = _trusted_owners()
    way = on_the_way(os.path.abspath(folder))
    return next((above for above in way if not _keeps_names(above, trusted, groups)), None)


def _keeps_names(place: str, trusted: set[int], groups: bool) -> bool:
    """Whether nobody but trusted owners can rename what is in a folder, or lead a link to another place.

    In a folder with the sticky bit, as `/tmp` has it, nobody can rename what belongs to somebody else.
    """
    status = os.lstat(place)
    if stat.S_ISLNK(status.st_mode):
        return status.st_uid in trusted
    shared = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if shared == stat.S_IWGRP and not (groups and _lets_others_in(place, status.st_gid)):
        shared = 0
    return status.st_uid in trusted and (not shared or bool(status.st_mode & stat.S_ISVTX))


def _lets_others_in(place: str, group: int) -> bool:
    """Whether the right of a folder's group is one of others, too.

    Where there is an access list (ACL), that right is the most that the users and groups get who stand in it.
    """
    if not _is_group_of_this_user(group):
        return True
    try:
        return bool(os.getxattr(place, _ACCESS_LIST))
    except (AttributeError, OSError):  # macOS, or there is none
        return False


def _trusted_owners() -> set[int]:
    """Return this user and the administrator, who has another number where a sandbox does not know him."""
    found = {os.getuid(), 0}
    with contextlib.suppress(OSError, ValueError):
        known = [line.split() for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()]
        if all(int(first) > 0 for first, *_ in known):
            found.add(int(Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii")))
    return found


def _is_group_of_this_user(number: int) -> bool:
    """Whether a group has no other member: systems that make one for each user let it write to all of their files."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return (user.pw_gid, user.pw_name) == (number, group.gr_name) and set(group.gr_mem) <= {user.pw_name}


def on_the_way(path: str) -> Iterator[str]:
    """Yield the links on an absolute path, and the folders in which its parts are looked up; no link leads to them."""
    folder, rest, links = "/", [part for part in path.split("/") if part], 0
    while rest:
        yield folder
        part = rest.pop(0)
        below = os.path.join(folder, part)
        if part == "..":
            folder = os.path.dirname(folder)
        elif os.path.islink(below) and links < _MOST_LINKS:
            links += 1
            yield below
            target = os.readlink(below)
            folder = "/" if target.startswith("/") else folder
            rest = [each for each in target.split("/") if each not in ("", ".")] + rest
        else:
            folder = below
