"""The project's own files (lock, baseline): none is written over a link out of the project, as a repository may have.

In folders that everybody may write to, what others put there is refused.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from aotlens_tracer.wire.owners import is_open, is_planted
from aotlens_tracer.wire.private_folders import on_the_way

from .problems import Misuse

_MOST_LINKS = 40


def refuse_planted(file: Path) -> None:
    """Raise Misuse if another user has put a file, or a link, where everybody may put one."""
    if is_planted(str(file)):
        raise Misuse(
            f"{file} is neither read nor written: another user has put it into a folder that everybody may write to"
        )


def refuse_leading_out(file: Path, project: Path | None) -> None:
    """Raise Misuse if a link in the folder of a project leads a file out of it: it would be written there.

    Without a project, the folder of the file counts.
    """
    folder = os.path.realpath(project or file.parent)
    real = Path(os.path.realpath(file))
    if real.is_relative_to(folder):
        return
    links = filter(os.path.islink, on_the_way(os.path.join(os.getcwd(), file)))
    if any(Path(link).is_relative_to(folder) for link in links):
        raise Misuse(f"{file} is not written: a link in {folder} leads to {real}, out of the project")


def write_whole(file: Path, content: bytes) -> None:
    """Write a file. Where everybody may put a link, none is followed: a new file takes its place. Raises OSError."""
    place = file
    for _ in range(_MOST_LINKS):
        if _is_in_open_folder(place):
            replace_file(place, content)
            return
        if not os.path.islink(place):
            break
        place = place.parent / os.readlink(place)
    file.write_bytes(content)


def _is_in_open_folder(file: Path) -> bool:
    return hasattr(os, "geteuid") and os.path.isdir(file.parent) and is_open(os.stat(file.parent))


def replace_file(file: Path, content: bytes) -> None:
    """Put a new file in the place of a file or link, with the mode and, if possible, the owner of the former file."""
    beside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(descriptor, "wb") as new:
            new.write(content)
            _take_over(descriptor, file)
        os.replace(beside, file)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _take_over(descriptor: int, file: Path) -> None:
    with contextlib.suppress(OSError):
        former = os.lstat(file)
        if stat.S_ISREG(former.st_mode):
            os.fchmod(descriptor, former.st_mode & 0o666)
            os.fchown(descriptor, former.st_uid, former.st_gid)
