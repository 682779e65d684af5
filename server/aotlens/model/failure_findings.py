"""Failures as findings, for readers that look at findings alone."""

from __future__ import annotations

from aotlens_tracer.wire.descriptor_map import Failure, Finding
from aotlens_tracer.wire.findings import Failed

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
    return Finding(code, failure.path or path, failure.line or line, failure.column, reason=reason)
