"""The cluster that a project traces in: `mesh`, `world-size` and `rank` in `[tool.aotlens]` of its pyproject.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aotlens.session.project_file import BadProjectFile, find_project_file, parse_project_file, table_of, text_of
from aotlens_tracer.wire.example_options import World
from aotlens_tracer.wire.world_options import OptionError, world_in_words


@dataclass(frozen=True)
class WorldInWords:
    """A cluster as a user writes it: `dp=2,tp=4`, the number of ranks, the traced one; each None if it is not said."""

    mesh: str | None = None
    size: int | None = None
    rank: int | None = None

    def __bool__(self) -> bool:
        return self != WorldInWords()

    def over(self, project: WorldInWords) -> WorldInWords:
        """Return these words, with the rest of a project's: a rank alone is one of the project's cluster."""
        is_whole = self.mesh is not None or self.size is not None
        return self if is_whole else WorldInWords(project.mesh, project.size, self.rank)

    def world(self) -> World | None:
        """Return the cluster; None if neither a mesh nor a size is said. Raises OptionError."""
        return world_in_words(self.mesh, self.size, self.rank)


def world_in_project(file: Path, outermost: str | None = None) -> World | None:
    """Return the cluster that the project of a file names; None if it names none.

    `outermost` as in `find_project_file`. Reads files: never call this on the event loop. Raises BadProjectFile.
    """
    project = find_project_file(file, outermost)
    words = words_in_project(file, outermost)
    try:
        return words.world()
    except OptionError as error:
        from aotlens.explain.option_faults import wrong_option

        assert project is not None  # there are no words without it
        raise BadProjectFile(project, f"[tool.aotlens]: {wrong_option(error.problem)}") from None


def words_in_project(file: Path, outermost: str | None = None) -> WorldInWords:
    """Return what the project of a file says about its cluster. As `world_in_project`."""
    project = find_project_file(file, outermost)
    if project is None:
        return WorldInWords()
    table = table_of(project, parse_project_file(project, text_of(project)), "tool", "aotlens")
    mesh, size, rank = table.get("mesh"), table.get("world-size"), table.get("rank")
    if mesh is not None and not isinstance(mesh, str):
        raise BadProjectFile(project, f'[tool.aotlens]: mesh is a string, as in "dp=2,tp=4": {mesh!r}')
    for name, value in (("world-size", size), ("rank", rank)):
        if not (value is None or _is_whole(value)):
            raise BadProjectFile(project, f"[tool.aotlens]: {name} is a whole number: {value!r}")
    return WorldInWords(mesh, size, rank)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
