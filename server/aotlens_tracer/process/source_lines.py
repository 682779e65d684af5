"""Lines of the files that a child's stack names. User code may have named any file, and the tracer has no fence."""

from __future__ import annotations

import functools
import io
import os
import tokenize

from ..wire.regular_files import read_regular_file

_MOST_BYTES = 1 << 22
_MOST_FILES = 32


class SourceLines:
    """The lines of a few regular files, each of which is read once."""

    def __init__(self) -> None:
        self._read = functools.cache(_lines)
        self._paths: set[str] = set()

    def line(self, path: str, line: int) -> str | None:
        """Return the text of a line, from 1, stripped; None if it is empty or its file is not read."""
        if path not in self._paths and len(self._paths) >= _MOST_FILES:
            return None
        self._paths.add(path)
        lines = self._read(path)
        return lines[line - 1].strip() or None if 0 < line <= len(lines) else None


def _lines(path: str) -> list[str]:
    try:
        if not os.path.isabs(path) or not os.stat(path).st_size:  # a file of the system has no size
            return []
        data = read_regular_file(path, _MOST_BYTES)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding, errors="replace").splitlines()
    except (OSError, ValueError, SyntaxError, LookupError):
        return []
