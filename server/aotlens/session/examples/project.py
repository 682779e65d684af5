"""The settings of a project: `[tool.aotlens]` of the nearest pyproject.toml."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class BadProjectFile(Exception):
    """A pyproject.toml that cannot be read, or a setting of ours in it that is none."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def pinned_in_project(file: Path) -> dict[str, list[str]]:
    """The examples that the project pins for the targets of `file`, by qualified name. Raises BadProjectFile.

    In pyproject.toml, `[tool.aotlens.examples]` maps `"pkg/model.py::Block"`, relative to its own folder, to one
    expression or a list of them.
    """
    project = find_project_file(file)
    if project is None:
        return {}
    pinned: dict[str, list[str]] = {}
    for key, value in _examples(project).items():
        path, separator, qualname = key.rpartition("::")
        expressions = [value] if isinstance(value, str) else value
        if not separator or not qualname or not path:
            raise BadProjectFile(project, f'[tool.aotlens.examples]: the key "{key}" is not "path/to/file.py::Class"')
        if not isinstance(expressions, list) or not all(isinstance(item, str) for item in expressions):
            raise BadProjectFile(project, f'[tool.aotlens.examples]: "{key}" is neither a string nor a list of strings')
        if (project.parent / path).resolve() == file.resolve():
            pinned[qualname] = expressions
    return pinned


@dataclass(frozen=True)
class Insertion:
    """Lines to put before a 0-based row of a pyproject.toml."""

    project: Path
    row: int
    text: str


def pin_in_project(file: Path, qualname: str, expression: str) -> Insertion | None:
    """What to write where, so that the project pins this example; None where there is no pyproject.toml to write to.

    The text stays as it is, comments and all: a line is put below the table's header, or a table at the end.
    """
    project = find_project_file(file)
    if project is None:
        return None
    try:
        content = project.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = content.splitlines()
    unfinished = "" if content.endswith("\n") or not content else "\n"
    key = f"{file.resolve().relative_to(project.parent).as_posix()}::{qualname}"
    # A JSON string is a TOML string.
    line = f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(expression, ensure_ascii=False)}\n"
    for row, text in enumerate(lines):
        if re.fullmatch(r"\s*\[\s*tool\s*\.\s*aotlens\s*\.\s*examples\s*\]\s*(#.*)?", text):
            return Insertion(project, row + 1, unfinished + line if row + 1 == len(lines) else line)
    return Insertion(project, len(lines), f"{unfinished}\n[tool.aotlens.examples]\n{line}")


def find_project_file(file: Path) -> Path | None:
    """The nearest pyproject.toml above a file, if any."""
    for folder in file.resolve().parents:
        if (folder / "pyproject.toml").is_file():
            return folder / "pyproject.toml"
    return None


def read_project_file(project: Path) -> dict[str, Any]:
    """The content of a pyproject.toml; nothing where there is none or it cannot be read."""
    try:
        return tomllib.loads(project.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _examples(project: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(project.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadProjectFile(project, str(error)) from None
    table: Any = content
    for depth, key in enumerate(("tool", "aotlens", "examples"), 1):
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise BadProjectFile(project, f"[{'.'.join(('tool', 'aotlens', 'examples')[:depth])}] is not a table")
    return table
