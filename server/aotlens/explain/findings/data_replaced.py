"""A parameter gets other memory in the call."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, Subject

from .about import About
from .kind import Kind


def _words(about: About) -> str:
    what = about.form("the parameter", "the parameters")
    return f"`.data` of {what} {about.names} is replaced: autograd does not see that"


KIND = Kind(
    code="data-replaced",
    severity="hint",
    words=_words,
    paragraph=(
        "The call assigns to `parameter.data`. Autograd does not see that. What shares the old memory (a view, a tied "
        "parameter of another module, a flat buffer of an optimizer) keeps the old values. `with torch.no_grad(): "
        "parameter.copy_(…)` changes the values in place."
    ),
    example=Finding("data-replaced", "model.py", 9, subjects=(Subject("parameter", "scale"),)),
)
