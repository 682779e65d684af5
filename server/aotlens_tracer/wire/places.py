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
class Expression:
    """An expression of the user's code on one line. Without a span, `text` is the name of an operation of torch."""

    text: str
    span: Span | None = None


@dataclass(frozen=True)
class Frame:
    """One frame of the user's traceback.

    `function` is None for a frame in the example's own expression. `code` is the text of the line, None if unknown.
    `left_out` is the number of frames after this one that a long traceback lacks.
    """

    path: str
    line: int
    function: str | None
    code: str | None = None
    left_out: int = 0
