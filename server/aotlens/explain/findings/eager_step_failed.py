"""A training step in eager fails, although the graph was captured."""

from __future__ import annotations

from aotlens.explain.brief import listed
from aotlens.explain.failures import problem
from aotlens_tracer.wire.findings import Finding, InEager, Subject
from aotlens_tracer.wire.problems import Raised
from aotlens_tracer.wire.training_steps import SIGN

from .about import About
from .kind import Kind, Severity

_PARTS = {"forward": "the call", "backward": "the backward pass"}


def _words(about: About) -> str:
    reason = about.first.reason
    assert isinstance(reason, InEager)
    raised = problem(reason.problem)
    if reason.handed_on:
        names = listed([f"`{name}`" for name in reason.handed_on])
        have, them = ("has", "it") if len(reason.handed_on) == 1 else ("have", "them")
        return (
            f"the backward pass of the second iteration fails, because {names} {have} the graph of the first: "
            f"detach {them} before the next iteration\n{raised}"
        )
    if reason.in_turn and reason.step == 1:
        loss = about.first.subjects[0].name.partition(SIGN)[2].partition("#")[0]
        if reason.in_turn == "freed":
            return (
                f"the backward pass of `{loss}` fails, because one before it in the iteration has freed a graph that "
                "both need: detach what they share where it needs no gradient, or run one backward pass for the sum of "
                f"the losses\n{raised}"
            )
        if reason.in_turn == "not-scalar":
            return f"the backward pass of `{loss}` fails, because it is no scalar: take its mean or sum\n{raised}"
        return f"the backward pass of `{loss}` fails after what the iteration does before it: {raised}"
    when = f" of the second {'iteration' if reason.in_turn else 'training step'}" if reason.step == 2 else ""
    return f"in eager, {_PARTS[reason.stage]}{when} fails: {raised}"


def _severity(finding: Finding) -> Severity:
    """A script fails at this line; the backward pass of a call alone begins at all results, which nobody may do."""
    return "error" if isinstance(finding.reason, InEager) and finding.reason.in_turn else "warning"


KIND = Kind(
    code="eager-step-failed",
    severity="warning",
    words=_words,
    severity_of=_severity,
    paragraph=(
        "The graph was captured, but one of two training steps in eager (the call, and a backward pass from all of its "
        "results) fails: a leaf that requires a gradient is changed in place, the second backward pass needs values "
        "that the first one has freed, or a checkpoint does not compute again what it has saved. For the training step "
        "of a script, two iterations of its loop are made as they stand there, if they have several backward passes or "
        "hand something on: a second loss that needs what the first backward pass has freed or what an optimizer has "
        "changed since, a loss that is no scalar, and a hidden state that still has the graph of the iteration before. "
        "These are errors."
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
