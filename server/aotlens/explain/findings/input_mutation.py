"""An argument of the call is changed in place."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Subject

from .in_place import change_in_words
from .kind import Kind

KIND = Kind(
    code="input-mutation",
    severity="information",
    words=lambda about: change_in_words(about, "argument"),
    paragraph=(
        "An argument is changed in place, at the first line that does so, with the others as `related`; the graph "
        "returns its new value."
    ),
    example=Finding("input-mutation", "model.py", 9, subjects=(Subject("argument", "x"),), outputs=(0,)),
)
