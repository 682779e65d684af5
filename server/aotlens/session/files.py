"""Reads the files of a workspace.

Everything that the session reads goes through here, so that limits can be set in one place. These functions block:
never call them on the event loop.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from aotlens.syntax.source import decode_source
from aotlens.text.notebooks import is_notebook, read_notebook, remember
from aotlens_tracer.wire.regular_files import MOST_BYTES, read_regular_file


class Stamp(NamedTuple):
    """Changes whenever a file is written: the time of its last change in nanoseconds, and its size in bytes."""

    changed: int
    size: int


def stamp(path: str) -> Stamp:
    """Return the stamp of a file. Raises OSError."""
    status = os.stat(path)
    return Stamp(status.st_mtime_ns, status.st_size)


def read_bytes(path: str) -> bytes:
    """Return the content of a regular file. Raises OSError, also if it is none or too large."""
    return read_regular_file(path)


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """Return the text of a UTF-8 file of at most `most` bytes. Raises OSError and UnicodeDecodeError."""
    return read_regular_file(str(path), most).decode("utf-8")


def read_python(path: str) -> str:
    """Return the text of a Python file, decoded as Python does it, or the code of a notebook.

    Raises UnreadableSource and OSError.
    """
    data = read_bytes(path)
    if not is_notebook(path):
        return decode_source(data, path)
    notebook = read_notebook(data, path)
    remember(path, notebook)
    return notebook.text


def is_read_only(path: str) -> bool:
    """Return whether a file must not be written to: no user may, or this process may not.

    A superuser may write to any file; the first condition makes the answer the same as for other users.
    """
    try:
        return os.stat(path).st_mode & 0o222 == 0 or not os.access(path, os.W_OK)
    except OSError:
        return False
