"""The problem of a trace that starts processes without end. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged


@dataclass(frozen=True)
class ManyProcesses(Tagged):
    """More than `most` processes at the same time."""

    most: int
