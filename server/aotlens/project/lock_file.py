"""The file of locked calling conventions, `aotlens.lock`."""

from __future__ import annotations

import os
from pathlib import Path

from aotlens.explain.unread_files import why_unread
from aotlens.model.lock import Lock
from aotlens.model.lock_text import BadLock, lock_text
from aotlens.model.lock_text import parse_lock as parse
from aotlens.session.files import read_bytes, read_text

from .problems import Misuse
from .shared_places import refuse_leading_out, refuse_planted, write_whole


def read_lock(file: Path) -> Lock:
    """The lock in a file. Raises Misuse if it cannot be read, or is none, or another user has put it there."""
    return parse_lock(read_lock_text(file), str(file))


def read_lock_text(file: Path) -> str:
    """The text of a lock. Raises Misuse if it cannot be read, or another user has put it there."""
    refuse_planted(file)
    try:
        return read_text(file)
    except OSError as error:
        raise Misuse(f"{file} cannot be read: {why_unread(error)}; aotlens lock writes it") from None
    except UnicodeDecodeError:
        raise Misuse(f"{file} is no lock of aotlens: it is not UTF-8") from None


def parse_lock(text: str, file: str) -> Lock:
    """The lock that the text of a file is. Raises Misuse."""
    try:
        return parse(text, file)
    except BadLock as error:
        raise Misuse(str(error)) from None


def write_lock(file: Path, lock: Lock, project: Path | None = None) -> bool:
    """Write a lock; whether its text has changed. `project` as in `refuse_leading_out`. Raises Misuse."""
    text = lock_text(lock)
    refuse_planted(file)
    refuse_leading_out(file, project)
    try:
        if os.path.exists(file) and read_bytes(str(file)) == text.encode():
            return False
        write_whole(file, text.encode())
    except OSError as error:
        raise Misuse(f"{file} cannot be written: {error.strerror or error}") from None
    return True


def relative_to_lock(file: Path, path: str) -> str:
    """The path of a source file as the lock has it: the same, whatever links lead to the folders of both."""
    folder, name = os.path.split(path)
    return Path(os.path.relpath(os.path.join(os.path.realpath(folder), name), os.path.realpath(file.parent))).as_posix()
