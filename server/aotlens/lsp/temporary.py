"""Texts for clients that can open files only."""

from __future__ import annotations

import hashlib
import re
import threading

from aotlens.explain.visible import visible_line
from aotlens.session.scratch import new_subfolder
from aotlens_tracer.process.scratch import Folder

_LONGEST_NAME = 100
"""Characters of a name. Many systems have names of at most 255 bytes, and a character may have four."""


class TemporaryFiles:
    """Files in the server's scratch folder, which are removed with the server. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Folder | None = None
        self._of_sources: dict[str, Folder] = {}

    def write(self, source: str, name: str, text: str) -> str:
        """Write a text and give its path. The same source path and name always give the same file.

        Raises OSError.
        """
        with self._lock:
            return self._of(source).write(_file_name(name), text.encode("utf-8"))

    def _of(self, source: str) -> Folder:
        """Return the folder of a source. Cleaners of temporary files remove old ones."""
        name = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        known = self._of_sources.get(name)
        if self._folder is None or not self._folder.is_there or (known is not None and not known.is_there):
            self._forget()
            self._folder = new_subfolder("shown")
        if name not in self._of_sources:
            self._of_sources[name] = self._folder.new(name)
        return self._of_sources[name]

    def _forget(self) -> None:
        for folder in (*self._of_sources.values(), *([self._folder] if self._folder is not None else [])):
            folder.close()
        self._of_sources, self._folder = {}, None

    def remove(self) -> None:
        """Remove all files."""
        with self._lock:
            if self._folder is not None:
                self._folder.remove()
                self._forget()


def _file_name(name: str) -> str:
    """A name that any system takes, made of names in user code; the ending stays."""
    shown = re.sub(r'[\\/:*?"<>|]', "_", visible_line(name)).lstrip(".") or "_"
    if len(shown) <= _LONGEST_NAME:
        return shown
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    stem, dot, ending = shown.rpartition(".")
    ending = f"-{digest}{dot}{ending}"
    return stem[: _LONGEST_NAME - len(ending)] + ending if len(ending) < _LONGEST_NAME else digest
