"""The calls of classes in the files of a workspace. Nothing is run.

The call sites of a file are kept until the file changes. For a file that calls none of the classes only the names that
it calls are kept.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aotlens.model.trust import EVERYWHERE, Trust
from aotlens.session.files import Stamp, read_bytes, read_python, stamp
from aotlens.syntax.block_source import BlockSource
from aotlens.syntax.call_sites import CallSite, call_sites
from aotlens.syntax.code_blocks import whole_block
from aotlens.syntax.parsing import parse
from aotlens.syntax.source import UnreadableSource
from aotlens.syntax.step_callers import imports_from
from aotlens.syntax.step_places import step_places
from aotlens.syntax.training_steps import step_examples
from aotlens.text.notebooks import ENDING
from aotlens_tracer.wire.protocol import ExampleSource, Root

from .searched_files import kind_and_depth, package_descriptions, searched_files

LARGEST_FILE = 1 << 19
"""Bytes; larger files are skipped."""
LONGEST_SEARCH = 3.0
"""Seconds for one search of a workspace. The search for the next target looks at the files that are left."""
LONGEST_SEARCH_FOR_STEPS = 1.0
"""Seconds for one search for training steps, which begins with the files that are near."""
LISTING_SECONDS = 20.0
"""Seconds for which the list of files is used before it is made again."""
MOST_SITES = 6
"""The number of call sites that are tried for each class."""
MOST_STEPS = 3
"""The number of training steps in which a class is looked for."""
MOST_STEP_FILES = 12
"""The number of files, the nearest to a class or script, in which its training steps are looked for."""
MOST_STEPS_OF_A_FILE = 50
"""The number of training steps that are looked at in another file: their time grows with the file, too."""
_OF_STEPS = frozenset((b"backward", b"training_step", b"compute_loss", b"Trainer"))
_WORD = re.compile(r"[A-Za-z_]\w*")
# From the beginning of a word: a file may be one word of half a million characters.
_CALLED = re.compile(rb"\b([A-Za-z_]\w*)(?:\s*\(|\s+as\b)")


@dataclass
class _Known:
    """A file at its last reading: the names that it calls, and its call sites and training steps once they are needed.

    The stamp of an open document is its text.
    """

    stamp: Stamp | str
    names: frozenset[bytes]
    sites: tuple[CallSite, ...] | None = None
    steps: tuple[Root, ...] | None = None


class CallSites:
    """The call sites in one folder. Every method may be called from any thread but the event loop's: it reads files.

    What is found runs as an example, so only trusted files are searched: a folder may hold others.
    """

    def __init__(self, folder: Path, trust: Trust = EVERYWHERE) -> None:
        self._folder = folder
        self._trust = trust
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._listing: list[str] = []
        self._listed = float("-inf")

    def of(
        self, path: Path, qualnames: Collection[str], texts: Mapping[str, str]
    ) -> dict[str, tuple[ExampleSource, ...]]:
        """Return the call sites of classes of a file, by qualified name, the most likely first.

        `texts` are the texts of open documents by path; they replace those on disk.
        """
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

    def steps_with(
        self, path: Path, qualnames: Collection[str], texts: Mapping[str, str]
    ) -> dict[str, tuple[Root, ...]]:
        """Return the training steps of the folder whose set-up builds classes of a file, by qualified name.

        `texts` as in `of`.
        """
        by_name = {qualname.rpartition(".")[2]: qualname for qualname in qualnames}
        found: dict[str, list[Root]] = {}
        for file in self._with_steps(path, texts):
            script = BlockSource(file, whole_block(_text_of(file, texts.get(file))))
            steps = self._steps_of(file, texts)
            for name, qualname in by_name.items():
                named = [root for root in steps if _mentions(root, name)]
                # The set-up may leave out what importing the script runs.
                is_known = name.encode() in self._known[file].names
                if is_known and (file == str(path) or imports_from(script, name, str(path))):
                    named += [root for root in steps if root not in named]
                found.setdefault(qualname, []).extend(named)
        return {qualname: tuple(roots[:MOST_STEPS]) for qualname, roots in found.items()}

    def steps_from(self, path: Path, texts: Mapping[str, str]) -> tuple[Root, ...]:
        """Return the training steps of other files whose set-up is code of a file: it calls the training there."""
        found = [root for file in self._with_steps(path, texts) for root in self._steps_of(file, texts)]
        return tuple(root for root in found if root.path != str(path) and _begins_in(root, str(path)))

    def _with_steps(self, path: Path, texts: Mapping[str, str]) -> list[str]:
        """Return the nearest files that may have training steps, the own file first."""
        deadline = time.monotonic() + LONGEST_SEARCH_FOR_STEPS
        with self._lock:
            files = [file for file in dict.fromkeys((str(path), *self._files(path))) if file.endswith((".py", ENDING))]
        files.sort(key=lambda file: _steps_between(path, Path(file)))
        found: list[str] = []
        for file in files:
            with self._lock:
                known = self._read(file, texts.get(file))
            if known is not None and not known.names.isdisjoint(_OF_STEPS):
                found.append(file)
            if len(found) >= MOST_STEP_FILES or time.monotonic() > deadline:
                break
        return found

    def _steps_of(self, file: str, texts: Mapping[str, str]) -> tuple[Root, ...]:
        with self._lock:
            known = self._known[file]
        if known.steps is None:
            text = _text_of(file, texts.get(file))
            names = [place.qualname for place in step_places(parse(text))][:MOST_STEPS_OF_A_FILE]
            found = step_examples(file, text, names, lambda name: self.calling(Path(file), name, texts))
            known.steps = tuple(Root(file, name, (source,)) for name, source in found.items())
        return known.steps

    def calling(self, path: Path, name: str, texts: Mapping[str, str]) -> Iterator[BlockSource]:
        """Yield the other Python files of the folder that call a function, method or class of this name.

        The nearest come first, and programs before tests. `texts` as in `of`.
        """
        deadline = time.monotonic() + LONGEST_SEARCH
        with self._lock:
            files = [file for file in self._files(path) if file.endswith(".py") and file != str(path)]
        files.sort(key=lambda file: _steps_between(path, Path(file)))
        for file in files:
            with self._lock:
                known = self._read(file, texts.get(file))
            if known is not None and name.encode() in known.names:
                yield BlockSource(file, whole_block(_text_of(file, texts.get(file))))
            if time.monotonic() > deadline:
                return

    def _search(self, path: Path, wanted: frozenset[bytes], texts: Mapping[str, str]) -> Iterator[tuple[CallSite, str]]:
        deadline = time.monotonic() + LONGEST_SEARCH
        for file in dict.fromkeys((str(path), *self._files(path))):
            known = self._read(file, texts.get(file))
            if known is not None and not wanted.isdisjoint(known.names):
                if known.sites is None:
                    known.sites = tuple(call_sites(file, _text_of(file, texts.get(file))))
                yield from ((site, file) for site in known.sites)
            if time.monotonic() > deadline:
                return

    def _files(self, path: Path) -> list[str]:
        if time.monotonic() - self._listed > LISTING_SECONDS:
            self._listing = list(filter(self._trust.covers, searched_files(self._folder)))
            self._listed = time.monotonic()
        return [*self._listing, *filter(self._trust.covers, package_descriptions(path))]

    def _read(self, file: str, text: str | None) -> _Known | None:
        """Return the facts about a file as it is now; None if it is too large or cannot be read."""
        try:
            current: Stamp | str
            if text is None:
                current = stamp(file)
                if current.size > LARGEST_FILE:
                    return None
            else:
                current = text
            known = self._known.get(file)
            if known is None or known.stamp != current:
                data = read_bytes(file) if text is None else text.encode("utf-8", "surrogatepass")
                known = self._known[file] = _Known(current, frozenset(_CALLED.findall(data)))
            return known
        except OSError:
            return None


class CallSitesOfFolders:
    """The call sites of each folder that was searched, with each trust. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_folder: dict[tuple[Path, Trust], CallSites] = {}

    def of(self, folder: Path, trust: Trust = EVERYWHERE) -> CallSites:
        """Return the call sites in the trusted files of a folder."""
        with self._lock:
            return self._by_folder.setdefault((folder, trust), CallSites(folder, trust))


def _steps_between(path: Path, other: Path) -> int:
    """Return the number of folders that one leaves and enters from one file to another."""
    shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(path.parts, other.parts)))
    return len(path.parts) + len(other.parts) - 2 * shared


def _begins_in(root: Root, path: str) -> bool:
    """Return whether the set-up of a training step, which stands in another file, has code of a file."""
    return any(statement.path == path for statement in root.examples[0].prelude)


def _mentions(root: Root, name: str) -> bool:
    """Return whether the set-up of a training step names a class."""
    source = root.examples[0]
    module = source.step.module if source.step is not None else None
    return any(name in _WORD.findall(statement.text) for statement in (*(module or ()), *source.prelude))


def _text_of(file: str, text: str | None) -> str:
    if text is not None:
        return text
    try:
        if file.endswith((".py", ENDING)):
            return read_python(file)
        return read_bytes(file).decode("utf-8", "replace")
    except (OSError, UnreadableSource):
        return ""


def _rank(site: CallSite, where: str, path: Path) -> tuple[int, ...]:
    """Return a sort key: the smaller, the more likely the call is one of a class of the file `path`."""
    if where == str(path):
        return (0, 0, 0)
    return 1, _distance(site.module, path), kind_and_depth(where)[0]


def _distance(module: str | None, path: Path) -> int:
    """Return 0 if a class was imported from this very file, 1 if it may have been, 2 if it rather was not."""
    if module is None:
        return 1
    parts = [part for part in module.split(".") if part]
    own = [*path.parts[:-1], path.stem] if path.name != "__init__.py" else list(path.parts[:-1])
    if parts and own[-len(parts) :] == parts:
        return 0
    # A package may re-export the classes of its modules.
    return 1 if not parts or parts[-1] in own[:-1] else 2


def _example(site: CallSite, where: str, path: Path) -> ExampleSource:
    prelude = site.prelude if where == str(path) else (*site.outer, *site.prelude)
    return ExampleSource(site.expression, "call-site", where, site.line, site.column, prelude=prelude)


def _best(examples: list[tuple[tuple[int, ...], ExampleSource]]) -> tuple[ExampleSource, ...]:
    """Return the most likely examples, each call once."""
    unique: dict[tuple[str, ...], ExampleSource] = {}
    for _, example in sorted(examples, key=lambda item: item[0]):
        unique.setdefault((example.expression, *(statement.text for statement in example.prelude)), example)
    return tuple(unique.values())[:MOST_SITES]
