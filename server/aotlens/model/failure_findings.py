"""Failures as findings, for readers that look at findings alone."""

from __future__ import annotations

from collections.abc import Iterator

from aotlens_tracer.wire.descriptor_map import Failure, Finding
from aotlens_tracer.wire.findings import Failed, Place
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.problems import BackwardFails, Overwritten, Problem

FAILURE_CODES = ("trace-failed", "example-failed")
"""The codes of findings that stand for the failure of a trace."""


def failure_finding(
    failure: Failure, path: str, line: int | None, *, advise: bool = False, is_guess: bool = False
) -> Finding:
    """The finding for a failure. `path` and `line` (from 1) are its place if the failure has none of its own.

    `advise` includes the advice. `is_guess` says that nobody wrote an example, and that none that was guessed works.
    """
    code = "example-failed" if failure.stage == "example" else "trace-failed"
    advice = failure.advice if advise else None
    reason = Failed(failure.stage, failure.problem, advice, is_guess, failure.operation)
    places = tuple(_places(failure.problem))
    return Finding(code, failure.path or path, failure.line or line, failure.column, reason=reason, places=places)


def overwriting(failure: Failure) -> Iterator[Span]:
    """Yield the statements that overwrite what a derivative needs; none for any other failure."""
    problem = failure.problem.problem if isinstance(failure.problem, BackwardFails) else failure.problem
    if isinstance(problem, Overwritten):
        yield from (each.span for each in problem.by if each.span is not None)


def _places(problem: Problem) -> Iterator[Place]:
    """Yield the places that explain a failure, apart from its own."""
    if isinstance(problem, BackwardFails):
        yield from _places(problem.problem)
    elif isinstance(problem, Overwritten):
        if problem.needed is not None and problem.needed.span is not None:
            yield Place("need", problem.needed.span)
        yield from (Place("change", each.span) for each in problem.by[1:] if each.span is not None)
