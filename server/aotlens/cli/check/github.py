"""Findings as workflow commands of GitHub Actions, which shows them at their lines in a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
from pathlib import Path

from aotlens.project.checked import Checked
from aotlens.project.findings import Located

from .places import FilePlaces, with_cell
from .whole_text import whole_text

_COMMANDS = {"error": "error", "warning": "warning", "information": "notice", "hint": "notice"}


def github_commands(checked: Checked) -> list[str]:
    """One command for each finding."""
    places = FilePlaces()
    return [_command(each, places) for each in checked.findings]


def _command(finding: Located, places: FilePlaces) -> str:
    span = places.of(finding.span)
    properties: dict[str, object] = {"title": f"aotlens {finding.code}", "file": _path(finding.path), "line": span.line}
    if span.column is not None:
        properties["col"] = span.column
    if span.end_line is not None and span.end_column is not None:
        # GitHub's columns are of one line: it refuses them together with another end line.
        properties |= {"endLine": span.end_line} if span.end_line != span.line else {"endColumn": span.end_column}
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(with_cell(finding.span, whole_text(finding)))}"


def _path(path: str) -> str:
    """The path from the root of the repository: GitHub knows no other ones."""
    root = os.environ.get("GITHUB_WORKSPACE") or os.getcwd()
    relative = os.path.relpath(path, root)
    return path if relative.startswith(os.pardir) else Path(relative).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
