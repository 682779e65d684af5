"""A private, bounded folder of compressed JSON files. Everything here blocks: never call it on the event loop."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aotlens_tracer.process.scratch import make_private
from aotlens_tracer.wire.private_folders import open_to_others
from aotlens_tracer.wire.regular_files import read_regular_file

MOST_BYTES = 256 * 1024 * 1024
"""The size of the folder above which the entries that were unused for the longest time are removed."""
MOST_BYTES_OF_ONE = 32 * 1024 * 1024
"""The compressed size of an entry above which it is not kept, and not read."""
_MOST_BYTES_OF_TEXT = 512 * 1024 * 1024
_SUFFIX = ".json.z"
_UNFINISHED = "tmp"
"""How the names of files begin that are being written."""
_WRITING_SECONDS = 3600.0
"""The age from which on such a file is what a process has left that was killed as it wrote."""
_SLICE = 500
"""Items of a list that are written at once. Other threads wait for each piece that Python's encoder writes."""


class Store:
    """Entries by name. An entry that cannot be read is removed; a folder that others can write to is not used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> dict[str, Any] | None:
        """Return an entry, and note that it was used; None if there is none."""
        path = self.folder / (name + _SUFFIX)
        try:
            if not os.path.exists(path) or open_to_others(self.folder) is not None:
                return None
            entry = json.loads(_decompressed(read_regular_file(str(path), MOST_BYTES_OF_ONE)))
            if not isinstance(entry, dict):
                raise ValueError("not an object")
            os.utime(path)
        except (OSError, ValueError, zlib.error, RecursionError, MemoryError):
            self.remove(name)
            return None
        return entry

    def write(self, name: str, entry: dict[str, Any]) -> None:
        """Write an entry as a whole or not at all, and remove old ones. Raises OSError."""
        make_private(self.folder)
        if (shared := open_to_others(self.folder)) is not None:
            raise PermissionError(f"{shared} belongs to another user, or others can write to it")
        compressor = zlib.compressobj(1)
        written = 0
        descriptor, temporary = tempfile.mkstemp(prefix=_UNFINISHED, dir=self.folder)  # readable by this user alone
        try:
            os.chmod(temporary, 0o600)  # whatever the umask took
            with open(descriptor, "wb") as file:
                for piece in _pieces(entry):
                    written += file.write(compressor.compress(piece.encode("ascii")))
                written += file.write(compressor.flush())
            if written > MOST_BYTES_OF_ONE:
                self.remove(name)
                return
            os.replace(temporary, self.folder / (name + _SUFFIX))
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        self._make_room()

    def remove(self, name: str) -> None:
        """Remove an entry, if it exists."""
        with contextlib.suppress(OSError):
            os.unlink(self.folder / (name + _SUFFIX))

    def _make_room(self) -> None:
        now = time.time()
        for path in self.folder.glob(_UNFINISHED + "*"):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > _WRITING_SECONDS:
                    path.unlink()
        used = []
        for path in self.folder.glob("*" + _SUFFIX):
            with contextlib.suppress(OSError):  # another server may remove it at the same time
                status = path.stat()
                used.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in used)
        for _, size, path in sorted(used):
            if total <= MOST_BYTES:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


def _decompressed(data: bytes) -> bytes:
    """Return the text of an entry. Raises ValueError if it is cut off or too large."""
    decompressor = zlib.decompressobj()
    text = decompressor.decompress(data, _MOST_BYTES_OF_TEXT)
    if not decompressor.eof:
        raise ValueError("cut off, or too large")
    return text


def _pieces(value: Any, depth: int = 4) -> Iterator[str]:
    """Yield the JSON of a value in pieces, of which none takes long to make."""
    if depth and isinstance(value, dict):
        yield "{"
        for index, (key, item) in enumerate(value.items()):
            yield ("," if index else "") + json.dumps(key) + ":"
            yield from _pieces(item, depth - 1)
        yield "}"
    elif depth and isinstance(value, list) and len(value) > _SLICE:
        yield "["
        for start in range(0, len(value), _SLICE):
            yield ("," if start else "") + json.dumps(value[start : start + _SLICE])[1:-1]
        yield "]"
    elif depth and isinstance(value, list):
        yield "["
        for index, item in enumerate(value):
            yield "," if index else ""
            yield from _pieces(item, depth - 1)
        yield "]"
    else:
        yield json.dumps(value)
