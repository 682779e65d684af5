"""Folders that everybody may write to, such as `/tmp`: what other users put there is not imported."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import ModuleType
from typing import Any

from ..wire.owners import is_planted

_guarded: dict[str, str] = {}
"""The folders that are guarded, and the files whose import began with them: their owner's modules are welcome."""


class _FromSource(SourceFileLoader):
    """Reads no compiled file: the times and sizes in it, which say that it fits, are known to all who can read."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError  # as for a file that has no time of change


class _Guarded(FileFinder):
    """Finds what a `FileFinder` finds, but what was planted."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = super().find_spec(fullname, target)
        if spec is None:
            return None
        places = [spec.origin] if spec.has_location and spec.origin else spec.submodule_search_locations or []
        return None if any(map(self._is_planted, places)) else spec

    def _is_planted(self, place: str) -> bool:
        first = os.path.relpath(place, self.path).split(os.sep)[0]
        file = _guarded[self.path]
        return is_planted(os.path.join(self.path, first), file) or is_planted(place, file)


_LOADERS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (_FromSource, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


def _finder(folder: str) -> FileFinder:
    if folder not in _guarded:
        raise ImportError  # the next hook is asked
    return _Guarded(folder, *_LOADERS)


def guard(folders: Iterable[str], file: str) -> None:
    """Let nothing that others have planted be imported from those of these folders that everybody may write to.

    A folder that is on `sys.path` already, such as that of installed packages, is Python's and the user's matter.
    """
    new = [folder for folder in folders if folder not in sys.path and folder not in _guarded and _is_open(folder)]
    if new and not _guarded:
        sys.path_hooks.insert(0, _finder)
    for folder in new:
        _guarded[folder] = file
        sys.path_importer_cache.pop(folder, None)


def loader_of(name: str, path: str) -> SourceFileLoader:
    """Return the loader of a file as a module, as safe as its folder asks for."""
    return (_FromSource if os.path.dirname(path) in _guarded else SourceFileLoader)(name, path)


def _is_open(folder: str) -> bool:
    try:
        return hasattr(os, "geteuid") and bool(os.stat(folder).st_mode & stat.S_IWOTH)
    except OSError:
        return False
