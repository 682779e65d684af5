"""The files that paths of the command line stand for. These functions read folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from aotlens.session.examples.searched_files import own_files
from aotlens.session.globs import matches
from aotlens.session.settings import DEFAULT_EXCLUDE

from .ignored import ignored_by_git
from .problems import Misuse


@dataclass(frozen=True)
class Selected:
    """A file to look at: its absolute path, and the one target in it that is asked for; None for all of them.

    `is_found` says that it was found in a folder, and not named itself.
    """

    path: str
    qualname: str | None = None
    is_found: bool = False


@dataclass(frozen=True)
class Excluded:
    """Globs of files to pass over, and the folder that they are relative to. With `is_forced`, named files are too."""

    patterns: Sequence[str] = ()
    folder: Path | None = None
    is_forced: bool = False

    def covers(self, path: str) -> bool:
        """Whether a file is passed over."""
        if self.folder is None or not Path(path).is_relative_to(self.folder):
            return False
        relative = Path(path).relative_to(self.folder).as_posix()
        return any(_matches(pattern, relative) for pattern in self.patterns)


def select(
    paths: Sequence[str], excluded: Excluded = Excluded(), planted: Callable[[str], object] = lambda path: None
) -> list[Selected]:
    """The Python files that paths stand for, each once, in the order of the paths and of the folders.

    A path is a file, a folder, or `FILE::Qualname`. In folders, environments, hidden folders, folders of tools, tests,
    and what git ignores are passed over, and what another user has put into a folder that everybody may write to:
    `planted` is called with that. Raises Misuse.
    """
    found: dict[tuple[str, str | None], Selected] = {}
    for written in paths:
        name, qualname = _split(written)
        path = Path(name)
        if os.path.isdir(path):
            files = [Selected(file, None, True) for file in _in_folder(path.absolute(), excluded, planted)]
        else:
            file = os.path.normpath(path.absolute())
            files = [] if excluded.is_forced and excluded.covers(file) else [Selected(file, qualname)]
        for each in files:
            found.setdefault((each.path, each.qualname), each)
    whole = {path for path, qualname in found if qualname is None}
    return [each for each in found.values() if each.qualname is None or each.path not in whole]


def _split(written: str) -> tuple[str, str | None]:
    """The path of a file or folder, and the qualified name behind it. Raises Misuse if there is no such file."""
    name, separator, qualname = written.rpartition("::")
    if not separator:
        name, qualname = written, ""
    if not name or (separator and not qualname):
        raise Misuse(f"{written!r} names no file: write a file, a folder, or FILE::Qualname")
    try:
        path = Path(name)
        if os.path.isdir(path) and separator:
            raise Misuse(f"{name} is a folder: name a Python file in it before ::")
        if os.path.isdir(path) or os.path.isfile(path):
            return name, qualname or None
        if os.path.exists(path):
            raise Misuse(f"{name} is neither a regular file nor a folder")
    except (OSError, ValueError):  # a name that is too long, or contains a null byte
        pass
    raise Misuse(f"there is no file or folder {name[:200]}")


def _in_folder(folder: Path, excluded: Excluded, planted: Callable[[str], object]) -> list[str]:
    """The Python files of a folder that are not passed over, in the order of their names."""
    top = os.path.normpath(folder)

    def is_wanted(path: str) -> bool:
        return not excluded.covers(path) and not _is_usual(Path(path).relative_to(top).as_posix())

    of_others: list[str] = []
    found = list(filter(is_wanted, own_files(top, (".py",), of_others.append)))
    ignored = ignored_by_git(folder, found)
    for path in filter(is_wanted, of_others):
        planted(path)
    return [path for path in found if path not in ignored]


def _is_usual(relative: str, patterns: Collection[str] = DEFAULT_EXCLUDE) -> bool:
    """Whether a file is one of those that an editor traces on demand only, such as tests."""
    return any(matches(pattern, relative) for pattern in patterns)


def _matches(pattern: str, relative: str) -> bool:
    """Whether a glob matches a path, or a folder that it is in. Without a slash, it matches at any depth."""
    pattern = pattern.rstrip("/")
    if "/" not in pattern:
        pattern = f"**/{pattern}"
    pattern = pattern.removeprefix("./").removeprefix("/")
    return matches(pattern, relative) or matches(f"{pattern}/**", relative)
