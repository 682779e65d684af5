"""Dynamo cannot capture the whole call as one graph."""

from __future__ import annotations

from aotlens.explain.failures import refusal
from aotlens_tracer.wire.findings import Finding, Subject, TorchReason

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The reason in torch's own words, after the target's name."""
    target, reason = about.first.subjects[0].name, about.first.reason
    assert isinstance(reason, TorchReason)
    if reason.by == "aotautograd":
        return f"{target} is not captured through Dynamo: {refusal(reason.text, reason.by)}"
    return f"Dynamo cannot take the whole of {target}: {refusal(reason.text, reason.by)}"


KIND = Kind(
    code="graph-break",
    severity="warning",
    words=words,
    paragraph=(
        "Dynamo cannot take the whole call, or AOTAutograd refuses the graph that Dynamo made of it; the message gives "
        "the reason, and the place is its line."
    ),
    example=Finding(
        "graph-break",
        "model.py",
        20,
        subjects=(Subject("target", "Router"),),
        reason=TorchReason("Data-dependent branching"),
    ),
)
