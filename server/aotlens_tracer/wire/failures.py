"""The failure of a trace: its stage, its problem, the best place known, advice. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .advice import Advice, StatedAdvice
from .operands import FailedOperation
from .places import Frame
from .problems import Problem, Stated


@dataclass(frozen=True)
class Failure:
    """Why a target was not traced.

    `stage` is target, syntax, import, example, forward or capture; `reason` error, timeout, memory or crash. `path`,
    `line` and `column` are the best place known, each None if it is not. `frames` is the user's part of the traceback,
    outermost first; `traceback` all of it. `operation` is the operation to blame, with its operands, if there is one.
    """

    stage: str
    reason: str
    problem: Problem
    path: str | None = None
    line: int | None = None
    column: int | None = None
    advice: Advice | None = None
    frames: tuple[Frame, ...] = ()
    traceback: str | None = None
    operation: FailedOperation | None = None


def stated(
    stage: str, reason: str, text: str, path: str | None = None, line: int | None = None, hint: str | None = None
) -> Failure:
    """Return a failure that the server itself met: `text` says what went wrong, `hint` what can be done about it."""
    return Failure(stage, reason, Stated(text), path, line, advice=StatedAdvice(hint) if hint else None)
