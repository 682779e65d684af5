"""Several outputs are views of one tensor."""

from __future__ import annotations

from aotlens.explain.brief import listed
from aotlens_tracer.wire.findings import Finding, Subject

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The outputs, and the output that is their base."""
    names = listed([subject.name for subject in about.first.subjects])
    of = f" of {about.model}" if about.model is not None else ""
    return f"{names}{of} are views of one tensor: the graph returns that too, as {about.outputs}"


KIND = Kind(
    code="aliased-outputs",
    severity="hint",
    words=words,
    paragraph="Outputs are views of one tensor, which the graph therefore returns too.",
    example=Finding(
        "aliased-outputs",
        "model.py",
        22,
        subjects=(Subject("output", "output[0]"), Subject("output", "output[1]")),
        outputs=(2,),
    ),
)
