"""A training step in eager fails, although the graph was captured."""

from __future__ import annotations

from aotlens.explain.failures import problem
from aotlens_tracer.wire.findings import Finding, InEager, Subject
from aotlens_tracer.wire.problems import Raised

from .about import About
from .kind import Kind

_PARTS = {"forward": "the call", "backward": "the backward pass"}


def _words(about: About) -> str:
    reason = about.first.reason
    assert isinstance(reason, InEager)
    when = " of the second training step" if reason.step == 2 else ""
    return f"in eager, {_PARTS[reason.stage]}{when} fails: {problem(reason.problem)}"


KIND = Kind(
    code="eager-step-failed",
    severity="warning",
    words=_words,
    paragraph=(
        "The graph was captured, but one of two training steps in eager (the call, and a backward pass from all of its "
        "results) fails: a leaf that requires a gradient is changed in place, the second backward pass needs values "
        "that the first one has freed, or a checkpoint does not compute again what it has saved."
    ),
    example=Finding(
        "eager-step-failed",
        "model.py",
        27,
        subjects=(Subject("target", "Block"),),
        reason=InEager(
            1,
            "forward",
            Raised("RuntimeError", "a leaf Variable that requires grad is being used in an in-place operation."),
        ),
    ),
)
