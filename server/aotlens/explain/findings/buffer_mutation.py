"""A buffer is changed in place."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Subject

from .in_place import change_in_words
from .kind import Kind

KIND = Kind(
    code="buffer-mutation",
    severity="hint",
    words=lambda about: change_in_words(about, "buffer"),
    paragraph=(
        "The same for a buffer, unless it belongs to one of torch's own modules: a batch norm is there to count. A "
        "buffer that is given a new tensor (`self.mean = …`) changes too, but the graph does not return its new value."
    ),
    example=Finding("buffer-mutation", "model.py", 9, subjects=(Subject("buffer", "seen"),), outputs=(1,)),
)
