"""A parameter gets a gradient in a training step, and no optimizer has it."""

from __future__ import annotations

from aotlens_tracer.wire.findings import Finding, InNoOptimizer, Place, Subject
from aotlens_tracer.wire.places import Span

from .about import About
from .kind import Kind


def _words(about: About) -> str:
    reason = about.first.reason
    assert isinstance(reason, InNoOptimizer)
    names = " or ".join(f"`{name}`" for name in reason.optimizers)
    verb, is_in = about.form("gets", "get"), about.form("is in no group", "are in no group")
    return f"{about.names} {verb} a gradient that nothing uses: {about.form('it', 'they')} {is_in} of {names}"


KIND = Kind(
    code="parameter-in-no-optimizer",
    severity="warning",
    words=_words,
    paragraph=(
        "A parameter gets a gradient in a training step, and is in no group of any optimizer of the script: it is "
        "never trained, and its gradient is computed for nothing. Usual causes are a layer that is made after the "
        "optimizer, and an optimizer that is given the parameters of one module alone. If the parameter is to stay as "
        "it is, `requires_grad_(False)` says so and saves the time. `related` has the lines that make the optimizers."
    ),
    example=Finding(
        "parameter-in-no-optimizer",
        "train.py",
        11,
        subjects=(Subject("parameter", "model.head.weight"),),
        reason=InNoOptimizer(("optimizer",)),
        places=(Place("optimizer", Span("train.py", 23)),),
    ),
)
