"""The project file: the nearest pyproject.toml above a file. These functions read files: never on the event loop."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aotlens.explain.unread_files import why_unread
from aotlens_tracer.wire.owners import is_anothers

from .files import read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


LOCK_NAME = "aotlens.lock"
"""The name of the file beside it that has the locked calling conventions."""
MOST_BYTES = 1 << 20
"""The size above which a pyproject.toml is not read: it is parsed in Python, a second for each MB or two."""
MOST_DOTS = 500
"""The dots of a line above which a pyproject.toml is not parsed: the time for a dotted key grows with their square."""


class BadProjectFile(Exception):
    """A pyproject.toml cannot be read, or it has an invalid setting of aotlens."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def find_project_file(file: Path, outermost: str | None = None) -> Path | None:
    """Return the nearest pyproject.toml above a file, or in or above a folder, that is not another user's, if any.

    `outermost` is the folder above which none is obeyed; None if nothing limits it.
    """
    return next((project for project in _above(file, outermost) if not is_anothers(str(project), str(file))), None)


def passed_over(file: Path) -> tuple[Path, ...]:
    """Return the nearer ones that are another user's, or that everybody may change, and so not obeyed."""
    others = itertools.takewhile(lambda project: is_anothers(str(project), str(file)), _above(file, None))
    return tuple(others)


def _above(file: Path, outermost: str | None) -> Iterator[Path]:
    real = Path(os.path.realpath(file))
    top = os.path.realpath(outermost or os.sep)
    for folder in (real, *real.parents) if os.path.isdir(real) else real.parents:
        if folder.is_relative_to(top) and os.path.isfile(folder / "pyproject.toml"):
            yield folder / "pyproject.toml"


def text_of(project: Path) -> str:
    """Return the text of a pyproject.toml. Raises BadProjectFile."""
    try:
        return read_text(project, MOST_BYTES)
    except OSError as error:
        raise BadProjectFile(project, f"it cannot be read: {why_unread(error)}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadProjectFile(project, f"byte 0x{error.object[error.start]:02x} in line {line} is not UTF-8") from None


def parse_project_file(project: Path, text: str) -> dict[str, Any]:
    """Return the content of a pyproject.toml. Raises BadProjectFile."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS:
            raise BadProjectFile(project, f"line {number} has more than {MOST_DOTS} dots")
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise BadProjectFile(project, str(error)) from None
    except RecursionError:
        raise BadProjectFile(project, "its values are nested too deeply") from None


def table_of(project: Path, content: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return a table of a pyproject.toml; empty if it is missing. Raises BadProjectFile if it is not a table."""
    table: Any = content
    for depth, key in enumerate(keys, 1):
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise BadProjectFile(project, f"[{'.'.join(keys[:depth])}] is not a table")
    return dict(table)


def read_project_file(project: Path) -> dict[str, Any]:
    """Return the content of a pyproject.toml; empty if it does not exist or cannot be read."""
    try:
        return parse_project_file(project, text_of(project))
    except BadProjectFile:
        return {}
