"""The outermost trusted folder: a file belongs to nothing above it, and nothing that lies beside it is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
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

_outermost = os.sep
_limited: set[str] = set()
"""The folders above it that are on `sys.path`, because a trusted folder in them is a package."""


def obey_nothing_above(folder: str | None) -> None:
    """Let no file belong to anything above a folder, in this process, from now on; None: nothing limits it."""
    global _outermost
    _outermost = folder or os.sep


def is_obeyed(path: str) -> bool:
    """Whether a file may belong to a package or project at this path."""
    return path == _outermost or path.startswith(os.path.join(_outermost, ""))


def limit(folders: Iterable[str]) -> None:
    """Let only what the outermost folder is, or what is in it, be imported from those of these folders above it.

    A folder that is on `sys.path` already, such as that of installed packages, is Python's and the user's matter.
    """
    new = {folder for folder in folders if folder not in sys.path and not is_obeyed(folder)}
    if new and not _limited:
        sys.path_hooks.insert(0, _finder)
    for folder in new:
        sys.path_importer_cache.pop(folder, None)
    _limited.update(new)


# A finder of its own for these folders, and not one more check in Python's finder, where `shared_folders` has its own:
# what that one refuses is noted for the advice of the failed import, and another file of the name is looked for. This
# limit is silent, is of a few folders, and leaves all other imports as Python has them.
class _Limited(FileFinder):
    """Finds what a `FileFinder` finds, but what lies beside the outermost folder."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = super().find_spec(fullname, target)
        if spec is None:
            return None
        places = [spec.origin] if spec.has_location and spec.origin else spec.submodule_search_locations or []
        return spec if all(map(is_obeyed, places)) else None


_LOADERS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


def _finder(folder: str) -> FileFinder:
    if folder not in _limited:
        raise ImportError  # the next hook is asked
    return _Limited(folder, *_LOADERS)
