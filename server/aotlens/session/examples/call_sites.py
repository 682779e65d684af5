"""The call sites of a workspace, found in its files when a target is about to be traced; never on the event loop.

What was found in a file is kept until the file changes; of a file that names none of the classes only the names are
kept. Nothing is run.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aotlens.syntax.call_sites import CallSite, call_sites
from aotlens.syntax.source import UnreadableSource, decode_source
from aotlens_tracer.wire.protocol import ExampleSource

MOST_FILES = 5000
LARGEST_FILE = 1 << 19
LONGEST_SEARCH = 3.0
"""Seconds for one look through a workspace; what is left is looked at with the next target."""
LISTING_SECONDS = 20.0
"""How long a list of the files is good for: what is new in that time is seen a little later."""
MOST_SITES = 6
"""Of so many call sites each class is tried with."""
_ENDINGS = (".py", ".md", ".markdown", ".rst")
_JUNK = ("node_modules", "__pycache__", "build", "dist", "venv", "env", "site-packages", "dist-packages", "htmlcov")
_CALLED = re.compile(rb"([A-Za-z_]\w*)\s*(?:\(|as\b)")
_DOCUMENTATION, _PROGRAM, _TEST = range(3)


@dataclass
class _Known:
    """A file as it was when it was read last: the names that it calls, and its call sites once they are asked for."""

    stamp: tuple[int, int] | str
    names: frozenset[bytes]
    sites: tuple[CallSite, ...] | None = None


class CallSites:
    """The call sites of one folder. Every method may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._listing: list[str] = []
        self._listed = float("-inf")

    def of(
        self, path: Path, qualnames: Collection[str], texts: Mapping[str, str]
    ) -> dict[str, tuple[ExampleSource, ...]]:
        """The call sites of classes of a file, the most telling first. `texts` are those of open documents."""
        by_name: dict[str, list[str]] = {}
        for qualname in qualnames:
            by_name.setdefault(qualname.rpartition(".")[2], []).append(qualname)
        found: dict[str, list[tuple[tuple[int, ...], ExampleSource]]] = {}
        wanted = frozenset(name.encode() for name in by_name)
        with self._lock:
            for site, where in self._search(path, wanted, texts):
                for qualname in by_name.get(site.name, ()):
                    found.setdefault(qualname, []).append((_rank(site, where, path), _example(site, where, path)))
        return {qualname: _best(examples) for qualname, examples in found.items()}

    def _search(self, path: Path, wanted: frozenset[bytes], texts: Mapping[str, str]) -> Iterator[tuple[CallSite, str]]:
        deadline = time.monotonic() + LONGEST_SEARCH
        for file in dict.fromkeys((str(path), *self._files(path))):
            known = self._read(file, texts.get(file))
            if known is not None and not wanted.isdisjoint(known.names):
                if known.sites is None:
                    known.sites = tuple(call_sites(file, self._text(file, texts.get(file))))
                yield from ((site, file) for site in known.sites)
            if time.monotonic() > deadline:
                return

    def _files(self, path: Path) -> list[str]:
        """The files of the folder, and the description of the installed package that a file belongs to."""
        if time.monotonic() - self._listed > LISTING_SECONDS:
            self._listing = sorted(_walk(self._folder), key=_kind)
            self._listed = time.monotonic()
        return [*self._listing, *_descriptions(path)]

    def _read(self, file: str, text: str | None) -> _Known | None:
        """What is known of a file today."""
        try:
            if text is None:
                status = os.stat(file)
                if status.st_size > LARGEST_FILE:
                    return None
                stamp: tuple[int, int] | str = (status.st_mtime_ns, status.st_size)
            else:
                stamp = text
            known = self._known.get(file)
            if known is None or known.stamp != stamp:
                data = Path(file).read_bytes() if text is None else text.encode("utf-8", "surrogatepass")
                names = frozenset(_CALLED.findall(data))
                known = self._known[file] = _Known(stamp, names)
            return known
        except OSError:
            return None

    def _text(self, file: str, text: str | None) -> str:
        if text is not None:
            return text
        try:
            data = Path(file).read_bytes()
            return decode_source(data, file) if file.endswith(".py") else data.decode("utf-8", "replace")
        except (OSError, UnreadableSource):
            return ""


def search_folder(path: Path) -> Path:
    """The folder in which call sites of a file's classes are looked for: its project's, else its own."""
    installed = next((i for i, part in enumerate(path.parts) if part in ("site-packages", "dist-packages")), None)
    if installed is not None:
        package = Path(*path.parts[: installed + 2])
        return package if package.is_dir() else package.parent / package.stem
    marks = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
    return next((folder for folder in path.parents if any((folder / mark).exists() for mark in marks)), path.parent)


def _walk(folder: Path) -> Iterator[str]:
    """The files that may hold call sites; folders of tools, environments and what is built are left out."""
    count = 0
    for root, folders, files in os.walk(folder):
        if "pyvenv.cfg" in files and root != str(folder):
            folders.clear()
            continue
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _JUNK and not name.endswith(".egg-info")
        )
        for name in sorted(files):
            if name.endswith(_ENDINGS):
                yield os.path.join(root, name)
                count += 1
                if count >= MOST_FILES:
                    return


def _descriptions(path: Path) -> list[str]:
    """Of a file of an installed package the metadata that hold the package's README."""
    installed = next((i for i, part in enumerate(path.parts) if part in ("site-packages", "dist-packages")), None)
    if installed is None:
        return []
    name = Path(path.parts[installed + 1]).stem.lower()
    folder = Path(*path.parts[: installed + 1])
    return [
        str(found / "METADATA")
        for found in folder.glob("*.dist-info")
        if re.sub(r"[-_.]+", "_", found.name.lower().rsplit("-", 1)[0].rsplit("-", 1)[0]) == name
    ]


def _kind(file: str) -> tuple[int, int, str]:
    """Documentation first, then programs, then tests; what is near the top first."""
    if not file.endswith(".py"):
        kind = _DOCUMENTATION
    else:
        name = os.path.basename(file)
        tests = name.startswith("test_") or name.endswith("_test.py") or f"{os.sep}tests{os.sep}" in file
        kind = _TEST if tests else _PROGRAM
    return kind, file.count(os.sep), file


def _rank(site: CallSite, where: str, path: Path) -> tuple[int, ...]:
    """How likely a call site is one of the class that is meant: the smaller the likelier."""
    if where == str(path):
        return (0, 0, 0)
    return 1, _distance(site.module, path), _kind(where)[0]


def _distance(module: str | None, path: Path) -> int:
    """0 where a class was imported from the very file, 1 where maybe, 2 where rather from another one."""
    if module is None:
        return 1
    parts = [part for part in module.split(".") if part]
    own = [*path.parts[:-1], path.stem] if path.name != "__init__.py" else list(path.parts[:-1])
    if parts and own[-len(parts) :] == parts:
        return 0
    # A package may hand on what its modules define.
    return 1 if not parts or parts[-1] in own[:-1] else 2


def _example(site: CallSite, where: str, path: Path) -> ExampleSource:
    prelude = site.prelude if where == str(path) else (*site.outer, *site.prelude)
    return ExampleSource(site.expression, "call-site", where, site.line, site.column, prelude=prelude)


def _best(examples: list[tuple[tuple[int, ...], ExampleSource]]) -> tuple[ExampleSource, ...]:
    """The likeliest, the same call once."""
    unique: dict[tuple[str, ...], ExampleSource] = {}
    for _, example in sorted(examples, key=lambda item: item[0]):
        unique.setdefault((example.expression, *(statement.text for statement in example.prelude)), example)
    return tuple(unique.values())[:MOST_SITES]
