"""A tensor subclass cannot be taken apart."""

from __future__ import annotations

from aotlens.explain.brief import all_names
from aotlens.explain.subclass_faults import fault_in_words
from aotlens_tracer.wire.findings import Finding, Subject
from aotlens_tracer.wire.subclass_faults import BrokenProtocol

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The fault of the class, and the tensors of it."""
    reason = about.first.reason
    assert isinstance(reason, BrokenProtocol)
    names = all_names(subject.name for finding in about.findings for subject in finding.subjects)
    of = f" (the class of {', '.join(f'`{name}`' for name in names)})" if names else ""
    return f"{fault_in_words(reason)}{of}"


KIND = Kind(
    code="broken-flatten-protocol",
    severity="warning",
    words=words,
    paragraph=(
        "The class of a tensor subclass breaks the protocol by which torch.compile and torch.export take it apart "
        "(`__tensor_flatten__`) and put it together again (`__tensor_unflatten__`). In eager nothing calls these "
        "methods. If the call cannot be captured because of it, the failure says the same."
    ),
    example=Finding(
        "broken-flatten-protocol",
        "model.py",
        9,
        subjects=(Subject("value", "weight"),),
        reason=BrokenProtocol("Scaled", "no-attribute", "__tensor_flatten__", name="zero_point"),
    ),
)
