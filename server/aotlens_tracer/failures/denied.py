"""Whether an error comes from the fence: the system denies what it would allow to the user's own run."""

from __future__ import annotations

import errno
import os
import re
import socket

from ..wire.fence import Fence, FenceDenied

_OF_SYSTEM = re.compile(
    r"Permission denied|Operation not permitted|cannot be opened|unable to open database|readonly database"
)
"""Texts of errors that libraries make of a denial: the system's own words, those of torch.save and of SQLite."""
_PATH = re.compile(r"/[^\s'\",;:()]+")
_LONGEST = 4000
"""Characters of a text that are searched."""
_MOST_CAUSES = 16

_fence: Fence | None = None
_scratch = ""
_is_found = False


def note(fence: Fence, scratch: str) -> None:
    """Note how this process is fenced in. `scratch` is the folder that it may write to in any case."""
    global _fence, _scratch
    _fence, _scratch = fence, scratch


def note_found_code() -> None:
    """Note that code was found and runs here, so that no setting loosens the fence any more."""
    global _is_found
    _is_found = True


def denial_in(error: BaseException, text: str) -> FenceDenied | None:
    """Return what the fence denied to the code that raised `error`; None if the fence has no part in it.

    `text` is the error's own text, with its type.
    """
    if _fence is None or not (_fence.enabled or _is_found):
        return None
    current: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if current is None:
            return None
        denial = _of_system(current, text) if isinstance(current, OSError) else _of_library(current, text)
        if denial is not None:
            return denial
        current = current.__cause__ or current.__context__
    return None


def _of_system(error: OSError, text: str) -> FenceDenied | None:
    if isinstance(error, socket.gaierror):
        return None if _has_network() else FenceDenied(text, network=True, is_found=_is_found)
    if error.errno not in (errno.EACCES, errno.EPERM):
        return None
    paths = [path for path in (error.filename, error.filename2) if isinstance(path, (str, bytes))]
    if paths:
        changed = next((path for path in map(os.fsdecode, paths) if _is_kept_from(path, error.errno)), None)
        return FenceDenied(text, changed, is_found=_is_found) if changed is not None else None
    if error.errno == errno.EACCES:
        return None if _has_network() else FenceDenied(text, network=True, is_found=_is_found)
    return FenceDenied(text, is_found=_is_found, is_certain=False)


def _of_library(error: BaseException, text: str) -> FenceDenied | None:
    try:
        said = str(error)[:_LONGEST]
    except BaseException:  # a class of the user's
        return None
    match = _OF_SYSTEM.search(said)
    if match is None:
        return None
    changed = next((path for path in _PATH.findall(said) if _is_kept_from(path.rstrip("."), errno.EACCES)), None)
    may_write = changed is None and match[0] != os.strerror(errno.EPERM)  # files are denied with EACCES
    return FenceDenied(text, changed, may_write=may_write, is_found=_is_found, is_certain=changed is not None)


def _has_network() -> bool:
    return _fence is not None and _fence.network and not _is_found


def _is_kept_from(path: str, number: int) -> bool:
    """Whether the fence keeps the code from changing a file that its user may change.

    `os.access` asks about users and modes, which the fence does not alter. EPERM comes from a change of a mode, an
    owner or a time, which the owner of a file may make anywhere.
    """
    whole = os.path.abspath(path)
    try:
        if number == errno.EPERM:
            return os.geteuid() in (0, os.lstat(whole).st_uid)
        writable = () if _is_found or _fence is None else _fence.writable
        if any(_is_below(whole, folder) for folder in (_scratch, *writable)):
            return False
        return os.access(whole if os.path.lexists(whole) else os.path.dirname(whole), os.W_OK)
    except (OSError, ValueError):
        return False


def _is_below(path: str, folder: str) -> bool:
    whole = os.path.realpath(folder)
    return os.path.commonpath([os.path.realpath(path), whole]) == whole
