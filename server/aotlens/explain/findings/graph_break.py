"""Dynamo cannot capture the whole call as one graph."""

from __future__ import annotations

from aotlens.explain.failures import refusal
from aotlens_tracer.wire.findings import Finding, Subject, TorchReason

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """Dynamo's own reason, after the target's name."""
    target, reason = about.first.subjects[0].name, about.first.reason
    assert isinstance(reason, TorchReason)
    return f"Dynamo cannot take the whole of {target}: {refusal(reason.text, reason.by)}"


KIND = Kind(
    code="graph-break",
    severity="warning",
    words=words,
    paragraph="Dynamo cannot take the whole call; the message gives its reason, and the place is its line.",
    example=Finding(
        "graph-break",
        "model.py",
        20,
        subjects=(Subject("target", "Router"),),
        reason=TorchReason("Data-dependent branching"),
    ),
)
