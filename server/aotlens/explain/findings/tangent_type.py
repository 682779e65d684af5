"""The backward pass of torch.compile fails, because AOTAutograd assumed a gradient to be a tensor subclass."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Subject, WrongTangent

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The type that was assumed, what comes instead, and what to do."""
    reason = about.first.reason
    assert isinstance(reason, WrongTangent)
    start = (
        f"the backward pass of torch.compile will fail: AOTAutograd assumes that the gradient of {about.names} is a "
        f"{reason.assumed}, and the rest of the call gives it"
    )
    if reason.is_missing:
        return f"{start} none, for which torch passes plain zeros; detach {about.names} before the graph break"
    return f"{start} a plain tensor; return a {reason.assumed} from the backward of the code after the graph break"


KIND = Kind(
    code="tangent-type",
    severity="warning",
    words=words,
    paragraph=(
        "Under the compile convention: a graph ends at a graph break and returns a tensor subclass that requires a "
        "gradient. AOTAutograd assumes that its gradient has the same type, and the rest of the call gives it a plain "
        "tensor, or none: torch then passes plain zeros. The backward pass of `torch.compile` says that it has guessed "
        "the metadata of a tensor subclass incorrectly; eager works. Detach an output that needs no gradient, avoid "
        "the graph break, or define `__coerce_same_metadata_as_tangent__`."
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
