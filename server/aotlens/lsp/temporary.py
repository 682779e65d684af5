"""Texts for clients that can open files only."""

from __future__ import annotations

import hashlib
import os
import re
import threading

from aotlens.explain.visible import visible_line
from aotlens.session.scratch import new_subfolder
from aotlens_tracer.process.scratch import remove

_LONGEST_NAME = 100
"""Characters of a name. Many systems have names of at most 255 bytes, and a character may have four."""


class TemporaryFiles:
    """Files in the server's scratch folder, which are removed with the server. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: str | None = None

    def write(self, source: str, name: str, text: str) -> str:
        """Write a text and give its path. The same source path and name always give the same file.

        Raises OSError.
        """
        subfolder = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        with self._lock:
            if self._folder is None or not os.path.isdir(self._folder):  # cleaners of temporary files remove old ones
                self._folder = new_subfolder("shown")
            folder = os.path.join(self._folder, subfolder)
            os.makedirs(folder, mode=0o700, exist_ok=True)
            path = os.path.join(folder, _file_name(name))
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return path

    def remove(self) -> None:
        """Remove all files."""
        with self._lock:
            if self._folder is not None:
                remove(self._folder)
                self._folder = None


def _file_name(name: str) -> str:
    """A name that any system takes, made of names in user code; the ending stays."""
    shown = re.sub(r'[\\/:*?"<>|]', "_", visible_line(name)).lstrip(".") or "_"
    if len(shown) <= _LONGEST_NAME:
        return shown
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    stem, dot, ending = shown.rpartition(".")
    ending = f"-{digest}{dot}{ending}"
    return stem[: _LONGEST_NAME - len(ending)] + ending if len(ending) < _LONGEST_NAME else digest
