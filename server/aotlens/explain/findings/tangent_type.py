"""The backward pass of torch.compile fails, because AOTAutograd assumed a gradient to be a tensor subclass."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Subject, WrongTangent

from .about import About
from .kind import Kind, Severity


def words(about: About) -> str:
    """The type that was assumed, what comes instead, and what to do."""
    reason = about.first.reason
    assert isinstance(reason, WrongTangent)
    if reason.in_some_runs:
        return (
            f"a backward pass from other results alone will fail under torch.compile: AOTAutograd assumes that the "
            f"gradient of {about.names} is a {reason.assumed}, and passes plain zeros if there is none; detach "
            f"{about.names} if nothing is trained through {about.form('it', 'them')}"
        )
    start = (
        f"the backward pass of torch.compile will fail: AOTAutograd assumes that the gradient of {about.names} is a "
        f"{reason.assumed}, and the rest of the call gives it"
    )
    if reason.is_missing:
        return f"{start} none, for which torch passes plain zeros; detach {about.names} before the graph break"
    return f"{start} a plain tensor; return a {reason.assumed} from the backward of the code after the graph break"


def _severity(finding: Finding) -> Severity:
    """It depends on the loss whether results that the call returns all get a gradient."""
    return "hint" if isinstance(finding.reason, WrongTangent) and finding.reason.in_some_runs else "warning"


KIND = Kind(
    code="tangent-type",
    severity="warning",
    words=words,
    severity_of=_severity,
    paragraph=(
        "Under the compile convention: a graph ends at a graph break and returns a tensor subclass that requires a "
        "gradient. AOTAutograd assumes that its gradient has the same type, and the rest of the call gives it a plain "
        "tensor, or none: torch then passes plain zeros. The backward pass of `torch.compile` says that it has guessed "
        "the metadata of a tensor subclass incorrectly; eager works. Detach an output that needs no gradient, avoid "
        "the graph break, or define `__coerce_same_metadata_as_tangent__`. It is a hint for a result of the call that "
        "stands beside others: the backward pass fails if it starts from the others alone."
    ),
    example=Finding(
        "tangent-type",
        "model.py",
        27,
        subjects=(Subject("output", "k"),),
        reason=WrongTangent("TwoTensor", True),
        outputs=(2, 3),
    ),
)
