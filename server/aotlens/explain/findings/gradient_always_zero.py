"""A parameter or an argument gets a gradient that is zero whatever the values are."""

from __future__ import annotations

from aotlens.explain.expressions import quoted_with_lines
from aotlens_tracer.wire.findings import Finding, Subject
from aotlens_tracer.wire.places import Expression, Span
from aotlens_tracer.wire.zero_gradients import AlwaysZero, HowZero, ZeroCause

from .about import About
from .kind import Kind, Severity

_BEFORE: dict[HowZero, str] = {"derivative": "the derivative of "}
_AFTER: dict[HowZero, tuple[str, str]] = {
    "derivative": ("is zero everywhere", "is zero everywhere"),
    "part": ("takes a part that does not depend on {them}", "take parts that do not depend on {them}"),
    "factor": ("multiplies by zero", "multiply by zero"),
    "single": (
        "is over a single element in this example, so that its result never changes",
        "are over a single element each in this example",
    ),
    "backward": ("is what a custom backward returns", "are what custom backwards return"),
    "hook": (
        "is followed by zeros in the backward pass: something, such as a hook, sets the gradient to zero",
        "are followed by zeros in the backward pass: something, such as a hook, sets the gradient to zero",
    ),
    "body": ("hands no gradient back to {them}", "hand no gradient back to {them}"),
}
"""The end of a clause, for one expression and for several."""


def words(about: About) -> str:
    """`scale` always gets a gradient of zero: the derivative of `x.round()` on line 9 is zero everywhere`."""
    reason = about.first.reason
    assert isinstance(reason, AlwaysZero)
    clauses = ", and ".join(_clause(cause, about) for cause in reason.causes)
    has_steps = any(cause.how == "derivative" for cause in reason.causes)
    usual = " (usual is a straight-through estimator)" if has_steps else ""
    return f"{about.names} always {about.form('gets', 'get')} a gradient of zero: {clauses}{usual}"


def _clause(cause: ZeroCause, about: About) -> str:
    end = _AFTER[cause.how][len(cause.at) > 1].format(them=about.form("it", "them"))
    return f"{_BEFORE.get(cause.how, '')}{quoted_with_lines(cause.at, about.first.path)} {end}"


def _severity(finding: Finding) -> Severity:
    """A factor of zero is often intended: it lets DDP find every parameter used."""
    if finding.subjects[0].kind == "argument":
        return "information"
    causes = finding.reason.causes if isinstance(finding.reason, AlwaysZero) else ()
    return "hint" if {cause.how for cause in causes} == {"factor"} else "warning"


KIND = Kind(
    code="gradient-always-zero",
    severity="warning",
    words=words,
    severity_of=_severity,
    paragraph=(
        "A parameter gets a gradient, but it is zero whatever the values are, so that it is never trained. Functions "
        "with steps (`round`, `floor`, `ceil`, `trunc`, `sign`) have a derivative of zero; a straight-through "
        "estimator is usual there: `x + (x.round() - x).detach()`. Other causes are a part that is not used (`z.real` "
        "has nothing of the imaginary part), a softmax over a single element, a `backward` that returns zeros, a "
        "branch or loop body that only detaches or compares it, a hook, and a factor of zero, for which it is a hint. "
        "The message names the expression and the line. It is information for an argument."
    ),
    example=Finding(
        "gradient-always-zero",
        "model.py",
        12,
        subjects=(Subject("parameter", "scale"),),
        reason=AlwaysZero((ZeroCause("derivative", (Expression("(w / self.scale).round()", Span("model.py", 17)),)),)),
    ),
)
