"""There is no example that works."""

from __future__ import annotations

from aotlens.explain.states import TO_BE_COMPLETED
from aotlens_tracer.wire.findings import Failed, Finding, Incomplete
from aotlens_tracer.wire.problems import NoExample

from .about import About
from .kind import Kind, Severity
from .trace_failed import words as failure_in_words


def words(about: About) -> str:
    """The failure's message, or what to do with an example that is a template still."""
    return TO_BE_COMPLETED if isinstance(about.first.reason, Incomplete) else failure_in_words(about)


def severity_of(finding: Finding) -> Severity:
    """No error if nobody wrote an example: that none can be guessed is no mistake of anybody's."""
    if isinstance(finding.reason, Incomplete):
        return "information"
    return "hint" if isinstance(finding.reason, Failed) and finding.reason.is_guess else "error"


KIND = Kind(
    code="example-failed",
    severity="error",
    words=words,
    severity_of=severity_of,
    paragraph=(
        "There is no example and none can be guessed (a hint in an editor), or it cannot be evaluated. An example that "
        "still has `...` in the place of a value is information."
    ),
    example=Finding("example-failed", "model.py", 7, reason=Failed("example", NoExample("Router"))),
)
