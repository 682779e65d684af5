"""A package that the traced file imports is not installed."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Subject

from .about import About
from .kind import Kind


def words(about: About) -> str:
    """The package by name."""
    return f"{about.first.subjects[0].name} is not installed: something that cannot be called stands in for it"


KIND = Kind(
    code="missing-package",
    severity="warning",
    words=words,
    paragraph=(
        "A package that the file imports is not installed; to guess an example, something that cannot be called stands "
        "in for it."
    ),
    example=Finding("missing-package", "model.py", 3, subjects=(Subject("package", "einops"),)),
)
