"""The candidate examples of a target, best first: the option, then what is pinned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aotlens.syntax.definitions import Definition
from aotlens_tracer.protocol import ExampleSource

from .project import find_project_file


def candidates(
    path: Path,
    qualname: str,
    definitions: Sequence[Definition],
    in_project: Mapping[str, Sequence[str]],
    option: str | None,
) -> tuple[ExampleSource, ...]:
    """The examples for `qualname`, best first: a given one alone, else comments, then pyproject.toml."""
    if option is not None:
        return (ExampleSource(option, "option"),)
    found = [
        ExampleSource(pin.expression, "pinned", str(path), pin.line, pin.column, definition.line)
        for definition in _meant(qualname, definitions)
        for pin in definition.pins
    ]
    project = find_project_file(path) if in_project.get(qualname) else None
    for expression in in_project.get(qualname, ()):
        found.append(ExampleSource(expression, "pinned", str(project), _line_of(project, qualname)))
    return tuple(found)


def definition_lines(qualname: str, definitions: Sequence[Definition]) -> tuple[int, ...]:
    """The lines of every definition of that name: there may be several, or one inside a function."""
    return tuple(definition.line for definition in _meant(qualname, definitions))


def _meant(written: str, definitions: Sequence[Definition]) -> list[Definition]:
    """The definitions that a name as its user may write it stands for.

    Without `<locals>` in it, and, where nothing else has that name, without the function that something is in.
    """
    short = written.replace(".<locals>", "")
    found = [definition for definition in definitions if definition.qualname.replace(".<locals>", "") == short]
    return found or [definition for definition in definitions if definition.qualname.endswith(f".<locals>.{written}")]


def _line_of(project: Path | None, qualname: str) -> int | None:
    """The line of pyproject.toml that pins this target."""
    if project is None:
        return None
    lines = project.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if f"::{qualname}" in line.partition("=")[0]), None)
