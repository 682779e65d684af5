"""A statement of a file, which is run elsewhere with its own place. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """A statement that an example depends on: its text, and the place of its first character, 1-based."""

    text: str
    path: str
    line: int
    column: int = 1
