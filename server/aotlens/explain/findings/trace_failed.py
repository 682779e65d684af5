"""The import, the call or the capture failed."""

from __future__ import annotations

from aotlens.explain.failures import hint, message
from aotlens.explain.operands import operands_in_words
from aotlens_tracer.wire.failures import Failure
from aotlens_tracer.wire.findings import Failed, Finding
from aotlens_tracer.wire.problems import DataDependentSize, Raised, ReadsData

from .about import About
from .kind import Kind, Severity


def words(about: About) -> str:
    """The failure's message; operands without a clash and its hint on lines of their own."""
    reason = about.first.reason
    assert isinstance(reason, Failed)
    failure = Failure(
        reason.stage, "error", reason.problem, about.first.path, advice=reason.advice, operation=reason.operation
    )
    is_shown = reason.operation is not None and not isinstance(reason.problem, (ReadsData, DataDependentSize))
    operands = operands_in_words(reason.operation, about.first.path) if reason.operation and is_shown else []
    advice = hint(failure)
    return "\n".join([message(failure), *operands, *([advice] if advice else [])])


def _severity_of(finding: Finding) -> Severity:
    """No error if the call was found and may lack what the user's run has: that it fails may be no mistake."""
    return "hint" if isinstance(finding.reason, Failed) and finding.reason.is_guess else "error"


KIND = Kind(
    code="trace-failed",
    severity="error",
    words=words,
    severity_of=_severity_of,
    paragraph=(
        "The import, the call or the capture failed. For a training step of a script that was never traced it is a "
        "hint in an editor, because its set-up may need data, or a state, that is not here; once traced, an error. A "
        "class with a `forward` that is no `nn.Module`, such as a mixin, is a hint too."
    ),
    example=Finding(
        "trace-failed", "model.py", 11, reason=Failed("forward", Raised("NameError", "name 'width' is not defined"))
    ),
)
