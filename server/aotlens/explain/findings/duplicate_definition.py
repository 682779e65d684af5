"""A file defines one name more than once."""

from __future__ import annotations

from aotlens.explain.paths import lines_in_words
from aotlens_tracer.wire.findings import Finding, Place, Subject
from aotlens_tracer.wire.places import Span

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The name, and the lines of its other definitions."""
    lines = lines_in_words(about.first.path, [place.span.line for place in about.first.places])
    name = about.first.subjects[0].name
    return f"{name} is defined more than once (also on {lines}): Python keeps the one here"


KIND = Kind(
    code="duplicate-definition",
    severity="information",
    words=words,
    paragraph="The file defines the name more than once; Python keeps the last.",
    example=Finding(
        "duplicate-definition",
        "model.py",
        40,
        subjects=(Subject("target", "Block"),),
        places=(Place("definition", Span("model.py", 8)),),
    ),
)
