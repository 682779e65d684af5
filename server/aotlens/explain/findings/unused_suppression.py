"""A comment suppresses nothing."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Subject, SuppressesNothing

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The code that nothing is found for, or that does not exist, with a similar one that does."""
    reason = about.first.reason
    assert isinstance(reason, SuppressesNothing)
    if not about.first.subjects:
        return "this comment suppresses nothing: there is no finding here"
    code = about.first.subjects[0].name
    if reason.is_known:
        return f"this comment suppresses nothing: there is no {code} here"
    near = f": did you mean {reason.near}?" if reason.near is not None else ""
    return f"there are no findings with the code {code}{near}"


KIND = Kind(
    code="unused-suppression",
    severity="warning",
    words=words,
    paragraph=(
        "A comment `# aotlens: ignore[code]` suppresses nothing. It is told only where it is certain: the file was "
        "found in a folder, so that other files were looked at too, and no target failed whose call may come there."
    ),
    source="project",
    example=Finding(
        "unused-suppression",
        "model.py",
        9,
        subjects=(Subject("code", "graph-break"),),
        reason=SuppressesNothing(),
    ),
)
