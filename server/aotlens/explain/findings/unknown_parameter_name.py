"""The text names a module, parameter or buffer that the model does not have."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Subject, UnknownName

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The model and the name, and a similar name that exists."""
    reason = about.first.reason
    assert isinstance(reason, UnknownName)
    noun = "module" if reason.wanted == "module" else "parameter or buffer"
    near = f": did you mean `{reason.near}`?" if reason.near is not None else ""
    return f"{reason.model} has no {noun} `{about.first.subjects[0].name}`{near}"


KIND = Kind(
    code="unknown-parameter-name",
    severity="warning",
    words=words,
    paragraph=(
        "`get_parameter`, `get_buffer`, `get_submodule` or `state_dict()[…]` of a traced class (of `self`, or of a "
        "variable set to a call of the class) names what the model does not have; a name that differs from an "
        "existing one only in its numbers is accepted."
    ),
    fix="the nearest name",
    source="text",
    example=Finding(
        "unknown-parameter-name",
        "train.py",
        5,
        subjects=(Subject("name", "fc1.wieght"),),
        reason=UnknownName("Net", "parameter", "fc1.weight"),
    ),
)
