"""The files in which call sites are looked for. These functions read folders: never call them on the event loop."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from aotlens_tracer.wire.owners import is_anothers, is_planted
from aotlens_tracer.wire.regular_files import walk

MOST_FILES = 5000
"""The number of files that are considered in one folder."""
MOST_DEPTH = 50
"""The number of folders in one another that are entered."""
_ENDINGS = (".py", ".md", ".markdown", ".rst")
_SKIPPED_FOLDERS = frozenset(
    ("node_modules", "__pycache__", "build", "dist", "venv", "env", "site-packages", "dist-packages", "htmlcov")
)
_INSTALLED = ("site-packages", "dist-packages")
_PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
DOCUMENTATION, PROGRAM, TEST = range(3)


def search_folder(path: Path) -> Path:
    """Return the folder to search for calls of a file's classes: that of its project or package, or its own folder."""
    installed = _installed_below(path)
    if installed is not None:
        package = Path(*path.parts[: installed + 2])
        return package if os.path.isdir(package) else package.parent / package.stem
    projects = (folder for folder in path.parents if any(_is_mark(folder / mark, path) for mark in _PROJECT_MARKS))
    return next(projects, path.parent)


def folder_to_trust(path: Path) -> Path:
    """Return the folder that the user is asked about because of a file: that of its project or package, or its own.

    The home folder and those above it are not one project, even if somebody keeps them in a repository.
    """
    folder = search_folder(path)
    home = Path.home()
    is_above = home.is_relative_to(folder) or Path(os.path.realpath(home)).is_relative_to(folder)
    return path.parent if is_above else folder


def _is_mark(mark: Path, file: Path) -> bool:
    return os.path.exists(mark) and not is_anothers(str(mark), str(file))


def searched_files(folder: Path) -> list[str]:
    """Return the files of a folder that may hold call sites, the most informative kind first.

    Hidden folders, environments, and the folders of tools and build results are skipped, and what another user has
    put into a folder that everybody may write to.
    """
    found = own_files(str(folder), _ENDINGS, most_depth=MOST_DEPTH)
    return sorted(itertools.islice(found, MOST_FILES), key=kind_and_depth)


def package_descriptions(path: Path) -> list[str]:
    """Return the metadata files, which hold the README, of the installed package that a file belongs to."""
    installed = _installed_below(path)
    if installed is None:
        return []
    name = Path(path.parts[installed + 1]).stem.lower()
    folder = Path(*path.parts[: installed + 1])
    return [str(found / "METADATA") for found in folder.glob("*.dist-info") if _distribution(found.name) == name]


def kind_and_depth(file: str) -> tuple[int, int, str]:
    """Return a sort key: documentation before programs before tests, then files near the top of the tree."""
    if not file.endswith(".py"):
        kind = DOCUMENTATION
    else:
        name = os.path.basename(file)
        is_test = name.startswith("test_") or name.endswith("_test.py") or f"{os.sep}tests{os.sep}" in file
        kind = TEST if is_test else PROGRAM
    return kind, file.count(os.sep), file


def _installed_below(path: Path) -> int | None:
    """Return the index of the path's part that is a folder of installed packages."""
    return next((index for index, part in enumerate(path.parts) if part in _INSTALLED), None)


def _distribution(dist_info: str) -> str:
    """Return the normalized name in `name-1.0.dist-info`."""
    name = dist_info.lower().rsplit("-", 1)[0].rsplit("-", 1)[0]
    return re.sub(r"[-_.]+", "_", name)


def own_files(
    folder: str,
    endings: tuple[str, ...],
    planted: Callable[[str], object] = lambda path: None,
    most_depth: int = sys.maxsize,
) -> Iterator[str]:
    """Yield the files of a folder, in order of their names, without those in environments and folders to be skipped.

    `planted` is called with each file and folder that another user has put into a folder that everybody may write to.
    Neither is yielded, nor is what such a folder has.
    """

    def is_ours(path: str) -> bool:
        if is_planted(path, folder):
            planted(path)
            return False
        return True

    top = folder.count(os.sep)
    for root, folders, files in walk(folder):
        if "pyvenv.cfg" in files and root != folder:
            folders.clear()
            continue
        is_deep = root.count(os.sep) - top >= most_depth
        entered = () if is_deep else sorted(name for name in folders if not is_skipped(name))
        folders[:] = [name for name in entered if is_ours(os.path.join(root, name))]
        for name in sorted(files):
            if name.endswith(endings) and is_ours(os.path.join(root, name)):
                yield os.path.join(root, name)


def is_skipped(folder: str) -> bool:
    """Return whether a folder of this name has no code of the project: it is hidden, a tool's, or a build result."""
    return folder.startswith(".") or folder in _SKIPPED_FOLDERS or folder.endswith(".egg-info")
