"""The table `[tool.aotlens.check]` of the project file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from aotlens.session.project_file import (
    BadProjectFile,
    find_project_file,
    parse_project_file,
    passed_over,
    table_of,
    text_of,
)

from .codes import known_codes
from .problems import Misuse

FailOn = Literal["error", "warning", "information", "never"]
_TABLE = ("tool", "aotlens", "check")
_NAME = "[tool.aotlens.check]"


@dataclass(frozen=True)
class CheckSettings:
    """The settings of a project, and the file that has them; None for what it does not say.

    `exclude` are globs relative to the folder of the project file, and `baseline` is an absolute path.
    `passed_over` are the project files of others, which are not obeyed.
    """

    project: Path | None = None
    select: frozenset[str] | None = None
    ignore: frozenset[str] | None = None
    fail_on: FailOn | None = None
    exclude: tuple[str, ...] = ()
    baseline: Path | None = None
    passed_over: tuple[Path, ...] = ()


def settings_for(paths: Sequence[str]) -> CheckSettings:
    """The settings of the project that holds all of these files and folders. Raises Misuse."""
    places = [os.path.abspath(path) for path in paths]
    try:
        common = Path(os.path.commonpath(places))
        project = find_project_file(common)
    except ValueError:  # a null character, or two drives
        return CheckSettings()
    others = passed_over(common)
    if project is None:
        return CheckSettings(passed_over=others)
    try:
        table = table_of(project, parse_project_file(project, text_of(project)), *_TABLE)
    except BadProjectFile as error:
        raise Misuse(str(error)) from None
    return replace(_settings(project, table), passed_over=others)


def _settings(project: Path, table: dict[str, Any]) -> CheckSettings:
    keys = {
        name.replace("_", "-"): name
        for name in CheckSettings.__dataclass_fields__
        if name not in ("project", "passed_over")
    }
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            rest = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(keys)}"
            raise Misuse(f"{project}: {_NAME} has no setting {key}: {rest}")
    fail_on, baseline = table.get("fail-on"), table.get("baseline")
    if fail_on is not None and fail_on not in get_args(FailOn):
        raise Misuse(f"{project}: {_NAME} fail-on: {fail_on!r} is not one of {', '.join(get_args(FailOn))}")
    if baseline is not None and (not isinstance(baseline, str) or not baseline):
        raise Misuse(f"{project}: {_NAME} baseline: {baseline!r} is not the name of a file")
    return CheckSettings(
        project,
        _codes(project, table, "select"),
        _codes(project, table, "ignore"),
        fail_on,
        _strings(project, table, "exclude") or (),
        _in_project(project, baseline) if baseline is not None else None,
    )


def _in_project(project: Path, baseline: str) -> Path:
    path = Path(os.path.normpath(project.parent / baseline))
    if not path.is_relative_to(project.parent):
        raise Misuse(f"{project}: {_NAME} baseline: {baseline!r} is not in the folder of the project")
    return path


def _codes(project: Path, table: dict[str, Any], key: str) -> frozenset[str] | None:
    codes = _strings(project, table, key)
    return known_codes(codes, f"{project}: {_NAME} {key}") if codes is not None else None


def _strings(project: Path, table: dict[str, Any], key: str) -> tuple[str, ...] | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Misuse(f"{project}: {_NAME} {key}: {value!r} is not a list of strings")
    return tuple(value)
