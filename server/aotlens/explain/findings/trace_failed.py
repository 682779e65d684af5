"""The import, the call or the capture failed."""

from __future__ import annotations

from aotlens.explain.failures import hint, message
from aotlens_tracer.wire.failures import Failure
from aotlens_tracer.wire.findings import Failed, Finding
from aotlens_tracer.wire.problems import Raised

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The failure's message; its hint on a line of its own."""
    reason = about.first.reason
    assert isinstance(reason, Failed)
    failure = Failure(reason.stage, "error", reason.problem, advice=reason.advice)
    advice = hint(failure)
    return message(failure) + (f"\n{advice}" if advice else "")


KIND = Kind(
    code="trace-failed",
    severity="error",
    words=words,
    paragraph="The import, the call or the capture failed.",
    example=Finding(
        "trace-failed", "model.py", 11, reason=Failed("forward", Raised("NameError", "name 'width' is not defined"))
    ),
)
