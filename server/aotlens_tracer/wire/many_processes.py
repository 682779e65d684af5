"""The problem of a trace that starts processes or threads without end. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged


@dataclass(frozen=True)
class ManyProcesses(Tagged):
    """More than `most` processes at the same time, or with `in_threads` threads of them."""

    most: int
    in_threads: bool = False
