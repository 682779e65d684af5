"""Places in source files, shared by all other vocabulary. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A stretch of a source file."""

    path: str
    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


@dataclass(frozen=True)
class Frame:
    """One frame of the user's traceback."""

    path: str
    line: int
    function: str
    code: str | None = None
