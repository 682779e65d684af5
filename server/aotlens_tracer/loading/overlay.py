"""Imports and tracebacks see the editor's unsaved text in place of what is on disk."""

from __future__ import annotations

import importlib.machinery
import linecache
import os
from collections.abc import Mapping
from typing import Any

from ..wire.regular_files import read_regular_file

_texts: dict[str, str] = {}


def install(texts: Mapping[str, str]) -> None:
    """Let the files at these absolute paths have these texts, in this process, from now on."""
    if not texts:
        return
    loader = importlib.machinery.SourceFileLoader
    get_data, path_stats = loader.get_data, loader.path_stats
    for path, text in texts.items():
        _texts[os.path.realpath(path)] = text
        # Carets in stack traces come from these lines. An entry without a time of change is never checked against disk.
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)

    def overlaid_data(self: Any, path: str) -> bytes:
        text = _texts.get(os.path.realpath(path))
        return get_data(self, path) if text is None else text.encode()

    def overlaid_stats(self: Any, path: str) -> Mapping[str, Any]:
        if os.path.realpath(path) in _texts:
            raise OSError  # so that no compiled file of the text on disk is used, and none is written
        return path_stats(self, path)

    loader.get_data = overlaid_data  # type: ignore[method-assign]  # for this loader alone
    loader.path_stats = overlaid_stats  # type: ignore[method-assign]  # for this loader alone


def read_bytes(path: str) -> bytes:
    """Return the source of a file: its unsaved text, else its text on disk. Raises OSError, also if it is too large."""
    text = _texts.get(os.path.realpath(path))
    if text is not None:
        return text.encode()
    return read_regular_file(path)
