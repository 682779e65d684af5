"""A parameter that requires a gradient gets none."""

from __future__ import annotations

from typing import get_args

from aotlens_tracer.wire.findings import (
    Cut,
    Finding,
    NoGradient,
    NothingTrained,
    NotInEachCall,
    NotInLoss,
    ReachesKept,
    ReturnedItself,
    Subject,
)
from aotlens_tracer.wire.places import Expression, Span

from .about import About
from .kind import Kind, Severity
from .reasons import reason_in_words


def words(about: About) -> str:
    """`fc.weight gets no gradient: forward never uses it`."""
    reason = about.first.reason
    assert isinstance(reason, get_args(NoGradient))
    why = reason_in_words(reason, about.first.path, about.several)
    get = about.form("gets", "get")
    if isinstance(reason, ReachesKept):
        where = "in the graph" if reason.by == "constructor" else "from what is returned"
        return f"{about.names} {get} no gradient {where}: {why}"
    return f"{about.names} {get} no gradient: {why}"


def severity_of(finding: Finding, default: Severity) -> Severity:
    """The severity of a missing gradient: if it may be intended, no warning."""
    if isinstance(finding.reason, (ReturnedItself, ReachesKept, NotInEachCall, NotInLoss)):
        return "information"
    is_usual = isinstance(finding.reason, NothingTrained) and not finding.reason.is_loss
    return "hint" if is_usual else default


KIND = Kind(
    code="parameter-without-gradient",
    severity="warning",
    words=words,
    severity_of=lambda finding: severity_of(finding, "warning"),
    paragraph=(
        "A parameter that requires a gradient gets none: never used, used by the constructor only, or only its shape, "
        "dtype or device; cut off by `detach()`, `.data`, `torch.tensor()`, a new `nn.Parameter`, an integer or "
        "boolean result, an operation without derivative, a derivative that `forward` computes itself and that does "
        "not depend on it or has no `create_graph`, a `backward` that returns none; used under `no_grad` or "
        "`inference_mode` only; used for nothing that is returned; or it reaches only outputs that need no gradient, "
        "which the message names. "
        "The message names the expression and the line, `related` the place. It is a hint if nothing that is returned "
        "needs a gradient, unless that is the loss of a training step, and information if the parameter, or a view of "
        "it, is itself an output: the gradient of such an output does not pass through the graph. It is information "
        "too if the parameter reaches only state that the call keeps, such as an auxiliary loss on `self`: it gets a "
        "gradient if the training loop uses that; and if the call asks for a loss (`labels`), which does not depend on "
        "the parameter as another output does. "
        "A tied parameter whose gradient has another of its names has a gradient."
    ),
    example=Finding(
        "parameter-without-gradient",
        "model.py",
        12,
        subjects=(Subject("parameter", "router.weight"),),
        reason=Cut("integer", (Expression("scores.argmax(-1)", Span("model.py", 21)),)),
    ),
)
