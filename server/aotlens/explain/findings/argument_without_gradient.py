"""An argument of the call that requires a gradient gets none."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, NeverUsed, Subject

from .kind import Kind
from .parameter_without_gradient import severity_of, words

KIND = Kind(
    code="argument-without-gradient",
    severity="information",
    words=words,
    severity_of=lambda finding: severity_of(finding, "information"),
    paragraph="The same for an argument of the call that requires a gradient.",
    example=Finding(
        "argument-without-gradient", "model.py", 18, subjects=(Subject("argument", "bias"),), reason=NeverUsed()
    ),
)
