"""Texts for clients that can open files only."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading


class TemporaryFiles:
    """Files in a private folder, which is made for the first file and removed with the server. Thread-safe."""

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
                self._folder = tempfile.mkdtemp(prefix="aotlens-")
            folder = os.path.join(self._folder, subfolder)
            os.makedirs(folder, mode=0o700, exist_ok=True)
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return path

    def remove(self) -> None:
        """Remove the folder with all files."""
        with self._lock:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None
