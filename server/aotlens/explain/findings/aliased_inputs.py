"""Arguments share memory that is changed in place."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, ReplacedBy, Subject

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The arguments, and the input that replaces them."""
    verb = "share" if len(about.first.subjects) > 2 else "shares"
    them = "them" if len(about.first.subjects) > 2 else "it"
    others = about.others()
    return f"{others} {verb} memory that is changed in place: the graph takes {about.names} in place of {them}"


KIND = Kind(
    code="aliased-inputs",
    severity="information",
    words=words,
    paragraph=(
        "Arguments share memory that is changed in place, at that line; the graph takes their base in place of them."
    ),
    example=Finding(
        "aliased-inputs",
        "model.py",
        9,
        subjects=(Subject("base", "base(a)"), Subject("argument", "a"), Subject("argument", "b")),
        reason=ReplacedBy("base(a)"),
        outputs=(0,),
    ),
)
