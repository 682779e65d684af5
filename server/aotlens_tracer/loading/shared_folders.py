"""Other users' files in folders that everybody may write to, such as `/tmp`, are not imported.

The check is in what all imports go through, Python's own finder of files and its loaders, so that it holds for each
folder, below the project's too, and whoever adds it to `sys.path`. Installed packages are the environment's matter.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
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

from ..failures.refused_modules import note
from ..wire.owners import is_anothers, is_open, is_planted

_PACKAGES = ("site-packages", "dist-packages")
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_files: list[str] = []
"""The files whose imports are guarded: modules of their owners are welcome."""
_above: set[str] = set()
"""The folders that these lie in. Whoever has made one of them, to open the file was to go there."""
_given: frozenset[str] = frozenset()
"""The folders that were on `sys.path` before: what lies right in one is the user's word, if none of the files does."""
_named: set[str] = set()
"""The folders that the user has named as roots of imports."""
_installed: tuple[str, ...] = ()
"""The beginnings of the paths of installed packages and of Python's own modules."""


def guard(file: str, named: Iterable[str] = ()) -> None:
    """From now on, let nothing be imported into this process that others have planted. `file` itself is obeyed.

    So is the user, who has named these folders.
    """
    global _given, _installed
    if not hasattr(os, "geteuid") or file in _files:
        return
    if not _files:
        own = [folder for folder in map(os.path.abspath, sys.path) if os.path.basename(folder) in _PACKAGES]
        python = map(sysconfig.get_path, ("stdlib", "platstdlib"))
        _installed = tuple(os.path.join(folder, "") for folder in (*own, *python, _OURS))
        _given = frozenset(map(os.path.realpath, sys.path))
        _guard_finder()
        _guard_loaders()
    _files.append(file)
    _named.update(map(os.path.realpath, named))
    folder = os.path.realpath(os.path.dirname(file))
    while folder not in _above:
        _above.add(folder)
        folder = os.path.dirname(folder)


def _guard_finder() -> None:
    """Let the finder of a folder on a search path find what it would find if nothing were planted there."""
    find_spec = FileFinder.find_spec

    def guarded(self: FileFinder, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = find_spec(self, fullname, target)
        if spec is None or f"{self.path}{os.sep}".startswith(_installed):
            return spec
        refused = [place for place in _places(spec) if _is_refused(place)]
        if not refused:
            return spec
        note(fullname, refused[0])
        return _next_spec(self.path, fullname)

    FileFinder.find_spec = guarded  # type: ignore[assignment, method-assign]  # also of the finders that exist


def _places(spec: ModuleSpec) -> Iterator[str]:
    if spec.has_location and spec.origin:
        yield spec.origin
    yield from spec.submodule_search_locations or ()


def _next_spec(folder: str, fullname: str) -> ModuleSpec | None:
    """Return what a folder has for a name besides what was planted: a package, a module, or a part of a namespace."""
    place = os.path.join(folder, fullname.rpartition(".")[2])
    suffixes = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES, *BYTECODE_SUFFIXES)
    for stem, locations in ((os.path.join(place, "__init__"), [place]), (place, None)):
        for file in (stem + suffix for suffix in suffixes):
            if os.path.isfile(file) and not _is_refused(file):
                return importlib.util.spec_from_file_location(fullname, file, submodule_search_locations=locations)
    if not os.path.isdir(place) or _is_refused(place):
        return None
    namespace = ModuleSpec(fullname, None, is_package=True)
    namespace.submodule_search_locations = [place]
    return namespace


def _guard_loaders() -> None:
    """Let no loader, whichever finder has made it, run what was planted, or a compiled file that others can have made.

    The times and sizes in such a file, which say that it fits, are known to all who can read.
    """
    loader: Any
    for loader in (SourceFileLoader, SourcelessFileLoader):
        loader.get_data = _guarded_data(loader.get_data)
    path_stats, create_module = SourceFileLoader.path_stats, ExtensionFileLoader.create_module

    def guarded_stats(self: SourceFileLoader, path: str) -> Mapping[str, Any]:
        if not path.startswith(_installed) and _has_unsafe_compiled_file(path):
            raise OSError  # as for a file that has no time of change: no compiled file is read, and none is written
        return path_stats(self, path)

    def guarded_module(self: ExtensionFileLoader, spec: ModuleSpec) -> ModuleType:
        _refuse_planted(self.name, self.path)
        return create_module(self, spec)

    SourceFileLoader.path_stats = guarded_stats  # type: ignore[method-assign]  # for this loader alone
    ExtensionFileLoader.create_module = guarded_module  # type: ignore[method-assign]  # for this loader alone


def _guarded_data(get_data: Callable[[Any, str], bytes]) -> Callable[[Any, str], bytes]:
    def guarded(self: Any, path: str) -> bytes:
        if path == self.path:  # else it is no code
            _refuse_planted(self.name, path)
        return get_data(self, path)

    return guarded


def _refuse_planted(name: str, file: str) -> None:
    """Raise ModuleNotFoundError for a module whose file was planted. The advice for it says why."""
    if not file.startswith(_installed) and _is_refused(file):
        note(name, file)
        raise ModuleNotFoundError(file, name=name, path=file)


def _has_unsafe_compiled_file(source: str) -> bool:
    try:
        compiled = importlib.util.cache_from_source(source)
        if is_open(os.stat(os.path.dirname(source))):
            return True
    except (NotImplementedError, OSError):
        return True
    return is_anothers(os.path.dirname(compiled), source) or is_anothers(compiled, source)


def _is_refused(place: str) -> bool:
    """Return whether a file or folder was planted, or the folder that it lies in, unless that is on `sys.path`.

    What was planted into a folder of the user's own is refused however deep it lies, and whoever put it on `sys.path`.
    """
    folder = os.path.dirname(place)
    if _is_planted(place) or (folder not in sys.path and _is_planted(folder)):
        return True
    return any(map(_lies_in_planted, (os.path.abspath(folder), _real(folder))))


def _lies_in_planted(folder: str) -> bool:
    """Return whether a folder, or one above it, was planted into a folder of the user's own, or of one of the files.

    In those of the administrator, such as `/tmp` and the `/scratch` of a cluster, code may name folders of others.
    """
    with contextlib.suppress(OSError):
        own = {os.geteuid(), *(os.stat(file).st_uid for file in _files)}
        while (real := _real(folder)) not in _above and real not in _given and real not in _named:
            above = os.path.dirname(folder)
            if os.stat(above).st_uid in own and _is_planted(folder):
                return True
            folder = above
    return False


def _is_planted(place: str) -> bool:
    folder = _real(os.path.dirname(place))
    place = os.path.join(folder, os.path.basename(place))
    if place in _above or (folder in _given and folder not in _above):
        return False
    return is_planted(place, *_files)


_real = functools.lru_cache(os.path.realpath)
