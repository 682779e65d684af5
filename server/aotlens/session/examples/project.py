"""Examples that are pinned in `[tool.aotlens.examples]` of the nearest pyproject.toml."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from aotlens.session.project_file import BadProjectFile, find_project_file, parse_project_file, table_of, text_of
from aotlens_tracer.wire.protocol import ExampleSource

_TABLE = ("tool", "aotlens", "examples")
_QUOTED_KEY = re.compile(r"""\s*("[^"]*"|'[^']*')""")
_HEADER = re.compile(r"\s*\[\s*tool\s*\.\s*aotlens\s*\.\s*examples\s*\]\s*(#.*)?")


def pinned_in_project(file: Path, outermost: str | None = None) -> dict[str, tuple[ExampleSource, ...]]:
    """Return the examples that the project pins for the targets of `file`, by qualified name.

    The table maps `"pkg/model.py::Block"`, relative to the folder of pyproject.toml, to one expression or a list of
    them. `outermost` as in `find_project_file`. Reads files: never call this on the event loop. Raises BadProjectFile.
    """
    project = find_project_file(file, outermost)
    if project is None:
        return {}
    text = text_of(project)
    lines = _lines_of_keys(text)
    pinned: dict[str, tuple[ExampleSource, ...]] = {}
    for key, value in table_of(project, parse_project_file(project, text), *_TABLE).items():
        path, separator, qualname = key.rpartition("::")
        expressions = [value] if isinstance(value, str) else value
        if not separator or not qualname or not path:
            raise BadProjectFile(project, f'[tool.aotlens.examples]: the key "{key}" is not "path/to/file.py::Class"')
        if not isinstance(expressions, list) or not all(isinstance(item, str) for item in expressions):
            raise BadProjectFile(project, f'[tool.aotlens.examples]: "{key}" is neither a string nor a list of strings')
        if _is_same(project.parent / path, file):
            line = lines.get(f'"{key}"') or lines.get(f"'{key}'")
            pinned[qualname] = tuple(ExampleSource(item, "pinned", str(project), line) for item in expressions)
    return pinned


def _is_same(path: Path, file: Path) -> bool:
    try:
        return os.path.realpath(path) == os.path.realpath(file)
    except ValueError:  # no file has this name: it has a null character
        return False


def _lines_of_keys(text: str) -> dict[str, int]:
    """Return the 1-based lines of a pyproject.toml that begin with a quoted key, by that: the first of each."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if found := _QUOTED_KEY.match(line):
            lines.setdefault(found[1], number)
    return lines


@dataclass(frozen=True)
class Insertion:
    """Lines to insert before a 0-based row of a pyproject.toml."""

    project: Path
    row: int
    text: str


def pin_in_project(file: Path, qualname: str, expression: str, outermost: str | None = None) -> Insertion | None:
    """Return the insertion that pins this example in the project; None if there is no pyproject.toml to write to.

    The rest of the text stays, comments included: a line is put below the table's header, or a table at the end.
    `outermost` as in `find_project_file`. Reads files: never call this on the event loop.
    """
    project = find_project_file(file, outermost)
    if project is None:
        return None
    try:
        content = text_of(project)
    except BadProjectFile:
        return None
    lines = content.splitlines()
    unfinished = "" if content.endswith("\n") or not content else "\n"
    key = f"{Path(os.path.realpath(file)).relative_to(project.parent).as_posix()}::{qualname}"
    # A JSON string is a TOML string.
    line = f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(expression, ensure_ascii=False)}\n"
    for row, text in enumerate(lines):
        if _HEADER.fullmatch(text):
            return Insertion(project, row + 1, unfinished + line if row + 1 == len(lines) else line)
    return Insertion(project, len(lines), f"{unfinished}\n[tool.aotlens.examples]\n{line}")
