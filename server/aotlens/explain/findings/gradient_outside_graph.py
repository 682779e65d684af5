"""A gradient that the user's backward pass gives does not pass through the graph."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Outside, ReachesKept, StateName, Subject
from aotlens_tracer.wire.places import Span

from .about import About
from .kind import Kind, Severity
from .reasons import outside_in_words


def _words(about: About) -> str:
    reason = about.first.reason
    assert isinstance(reason, Outside)
    return (
        f"the {about.form('gradient', 'gradients')} of {about.names} {about.form('does', 'do')} not pass through the "
        f"graph: {outside_in_words(reason, about.first.path, about.several)}"
    )


def _severity(finding: Finding) -> Severity:
    is_held = isinstance(finding.reason, Outside) and isinstance(finding.reason.because, ReachesKept)
    return "warning" if is_held else "information"


KIND = Kind(
    code="gradient-outside-graph",
    severity="warning",
    words=_words,
    severity_of=_severity,
    paragraph=(
        "A parameter or argument gets a gradient in eager, and the graph returns none for it. It is itself an output, "
        "or an output is a view of it; or the constructor has computed a tensor from it that `forward` uses. That is a "
        "warning: the tensor does not follow what is trained, and the second backward pass fails if its derivative "
        "needs what the first one has freed."
    ),
    example=Finding(
        "gradient-outside-graph",
        "model.py",
        9,
        subjects=(Subject("parameter", "freq"),),
        reason=Outside(ReachesKept((StateName("self.table", Span("model.py", 10)),), "constructor")),
    ),
)
