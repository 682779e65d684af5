"""The text writes a descriptor that torch never makes."""

from __future__ import annotations

from aotlens.model.descriptors import stage
from aotlens_tracer.wire.findings import Finding, NeverWraps

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The outer class, and why it never wraps the inner one."""
    reason = about.first.reason
    assert isinstance(reason, NeverWraps)
    return reason_in_words(reason)


def reason_in_words(reason: NeverWraps) -> str:
    """One or two sentences, in Markdown: what the outer class never wraps, and the order that was probably intended."""
    outer, inner = reason.outer, reason.inner
    if reason.offence == "wraps-nothing":
        return f"`{outer}` wraps no other descriptor."
    if reason.offence == "wrong-side":
        expected, given = ("an input", "an output") if reason.wraps == "Input" else ("an output", "an input")
        return f"`{outer}` wraps {expected}, but `{inner}` is {given}."
    if reason.offence == "underivable":
        return f"`{outer}` never wraps `{inner}`: nothing is derived from it."
    if reason.offence == "same-stage":
        return f"`{outer}` never wraps `{inner}`: {stage(outer)} runs once."
    if reason.offence == "double-backward":
        return f"`{outer}` never wraps `{inner}`: AOTAutograd has no double backward."
    text = f"`{outer}` comes from {stage(outer)}, which runs before {stage(inner)}: it never wraps `{inner}`."
    return text + (f" Did you mean `{reason.corrected}`?" if reason.corrected is not None else "")


KIND = Kind(
    code="illegal-descriptor-nesting",
    severity="warning",
    words=words,
    paragraph=(
        "Code builds a descriptor that no stage of AOTAutograd makes, such as the gradient of a subclass's piece."
    ),
    fix="the piece of the gradient, where the whole is written out",
    source="text",
    example=Finding(
        "illegal-descriptor-nesting",
        "notes.py",
        3,
        reason=NeverWraps("wrong-side", "GradAOTOutput", "PlainAOTOutput", "Input"),
    ),
)
